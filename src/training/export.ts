import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Aligner, type AlignmentSink } from '../align/aligner.js';
import type { PatientState } from '../align/patient.js';
import type { RunningSummary, StepGrid, StepIndex } from '../align/timeline.js';
import { VARIABLES } from '../clinical/variables.js';
import { type ClinicalEvent, compareEvents } from '../events/event.js';
import { type EncoderConfig, FeatureEncoder } from '../features/encoder.js';
import { ScalingFit } from './scaling.js';
import { SCORE_NAMES, writeScores } from './scores.js';

/** Chunks of clinical events in event-time order; called once for the scaling and once for the rows. */
export type EventPass = () => AsyncIterable<readonly ClinicalEvent[]>;

const NOTHING = (): void => undefined;

/**
 * Writes what the serving code computes, for training: `features.f32` (little-endian float32, shape
 * [stays, steps, features], the row of a step as of its end), `scores.f32` (bedside scores to compare with, shape
 * [stays, steps, scores]) and `stays.json` (names, ids, encoder).
 */
export async function exportFeatures(
  pass: EventPass,
  grid: StepGrid,
  directory: string,
): Promise<{ ids: readonly string[]; features: number }> {
  const encoderConfig = await fitScaling(pass);
  const encoder = new FeatureEncoder(encoderConfig);
  const file = openSync(join(directory, 'features.f32'), 'w');
  const scoresFile = openSync(join(directory, 'scores.f32'), 'w');
  const rows = new Map<PatientState, Float32Array>();
  const scores = new Map<PatientState, Float32Array>();
  const ids: string[] = [];
  const sink: AlignmentSink = {
    admitted: (patient) => {
      rows.set(patient, new Float32Array(grid.steps * encoder.size));
      scores.set(patient, new Float32Array(grid.steps * SCORE_NAMES.length).fill(Number.NaN));
    },
    stepClosed: (patient: PatientState, step: StepIndex, summary: RunningSummary) => {
      if (step >= grid.steps || !rows.has(patient)) return;
      const { timeline } = patient;
      encoder.encode(patient, step, timeline.endOf(step), summary, rows.get(patient)!, step * encoder.size);
      // A step revised by late data keeps the scores it had: they are of what was known then.
      if (step !== timeline.openStep) return;
      writeScores(timeline, timeline.endOf(step), scores.get(patient)!, step * SCORE_NAMES.length);
    },
    discharged: (patient) => {
      if (!rows.has(patient)) return;
      writeSync(file, new Uint8Array(rows.get(patient)!.buffer));
      writeSync(scoresFile, new Uint8Array(scores.get(patient)!.buffer));
      rows.delete(patient);
      scores.delete(patient);
      ids.push(patient.patientId);
    },
    scoreDue: NOTHING,
    measured: NOTHING,
    acknowledged: NOTHING,
    judged: NOTHING,
    updated: NOTHING,
    // What follows a discharge that is taken back is left out: the stay is written already.
    reopened: NOTHING,
    released: NOTHING,
    rejected: NOTHING,
  };
  const aligner = new Aligner(
    { ...grid, minScoreIntervalMs: Number.POSITIVE_INFINITY, dedupeWindow: 1024 },
    sink,
  );
  for await (const events of pass()) aligner.apply([...events].sort(compareEvents));
  closeSync(file);
  closeSync(scoresFile);
  const { featureNames, size } = encoder;
  const description = {
    version: 1,
    stays: ids.length,
    steps: grid.steps,
    features: size,
    featureNames,
    scoreNames: SCORE_NAMES,
    vitals: VARIABLES.filter(({ kind }) => kind === 'vital').map(({ id }) => id),
    ids,
  };
  writeFileSync(join(directory, 'stays.json'), JSON.stringify({ ...description, encoder: encoderConfig }));
  return { ids, features: size };
}

async function fitScaling(pass: EventPass): Promise<EncoderConfig> {
  const fit = new ScalingFit();
  for await (const events of pass()) {
    for (const event of events) {
      event.variables?.forEach((variable, index) => {
        if (!event.verdicts?.[index]) fit.add(variable, event.values[index]);
      });
    }
  }
  return { ...fit.config(), derived: true };
}
