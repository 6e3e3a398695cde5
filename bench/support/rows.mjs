import { Aligner } from '../../dist/align/aligner.js';

/** An aligner that makes a row of features where the engine would score or close a step, and counts them. */
export function rowMaker(align, model) {
  const { encoder, config } = model;
  const row = new Float32Array(encoder.size);
  const made = { rows: 0 };
  const encode = (patient, step, asOf, summary) => {
    encoder.encode(patient, step, asOf, summary, row, 0);
    made.rows++;
  };
  const nothing = () => undefined;
  const aligner = new Aligner(
    { ...align, stepMs: config.stepMs, steps: config.steps },
    {
      stepClosed: (patient, step, summary) => encode(patient, step, patient.timeline.endOf(step), summary),
      scoreDue: (patient, time) => encode(patient, patient.timeline.openStep, time, patient.timeline.summary),
      admitted: nothing,
      discharged: nothing,
      released: nothing,
      acknowledged: nothing,
      rejected: nothing,
    },
  );
  return { aligner, made };
}
