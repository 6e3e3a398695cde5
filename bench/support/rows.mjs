import { Aligner } from '../../dist/align/aligner.js';

/** An aligner that makes a row of features where the engine would score or close a step, and counts them. */
export function rowMaker(align, model) {
  const { encoder, config } = model;
  const row = new Float32Array(encoder.size);
  const made = { rows: 0 };
  const encode = (patient, step, asOf, carry) => {
    encoder.encode(patient, step, asOf, carry, row, 0);
    made.rows++;
  };
  const nothing = () => undefined;
  const aligner = new Aligner(
    { ...align, stepMs: config.stepMs, steps: config.steps },
    {
      stepClosed: (patient, step, carry) => encode(patient, step, patient.timeline.endOf(step), carry),
      scoreDue: (patient, time) => encode(patient, patient.timeline.openStep, time, patient.timeline.carry),
      admitted: nothing,
      discharged: nothing,
      released: nothing,
      acknowledged: nothing,
      rejected: nothing,
    },
  );
  return { aligner, made };
}
