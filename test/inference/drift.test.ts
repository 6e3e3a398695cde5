import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { DriftCounters } from '../../src/inference/drift.js';
import { loadModel } from '../../src/inference/model.js';
import { START } from '../helpers.js';

const MODEL = loadModel('latest');
const HEART_RATE = MODEL.config.encoder.variables.find(({ id }) => id === 'heartRate')!;

/** Counts the score of a patient with one heart rate and, beside it, a temperature of the training data's mean. */
function count(drift: DriftCounters, heartRate: number | null): readonly string[] {
  const patient = new PatientState({ patientId: 'p', partition: 0, eventTime: START }, MODEL.config, 8);
  const temperature = MODEL.config.encoder.variables.find(({ id }) => id === 'temperature')!;
  patient.timeline.record(0, variableIndex('temperature'), temperature.center, START);
  if (heartRate !== null) patient.timeline.record(0, variableIndex('heartRate'), heartRate, START);
  const rows = new Float32Array(2 * MODEL.encoder.size);
  MODEL.encoder.encode(patient, 0, START, patient.timeline.summary, rows, MODEL.encoder.size);
  return drift.add(rows, MODEL.encoder.size);
}

describe('DriftCounters', () => {
  it('counts scores, clamped values and the mean distance from the training data, by variable', () => {
    const drift = new DriftCounters(MODEL);
    const { center, scale } = HEART_RATE;
    expect(count(drift, center + scale)).toEqual([]);
    expect(count(drift, center - 3 * scale)).toEqual([]);
    expect(count(drift, center + 7 * scale)).toEqual(['heartRate']);
    expect(count(drift, center - 5.01 * scale)).toEqual(['heartRate']);
    expect(count(drift, null)).toEqual([]);
    const byId = new Map(drift.counts().map((each) => [each.variable, each]));
    const heartRate = byId.get('heartRate')!;
    expect([heartRate.scores, heartRate.clamped]).toEqual([4, 2]);
    expect(heartRate.sumZ).toBeCloseTo(1 - 3 + 5 - 5, 4);
    const temperature = byId.get('temperature')!;
    expect([temperature.scores, temperature.clamped]).toEqual([5, 0]);
    expect(temperature.sumZ).toBeCloseTo(0, 5);
    expect(byId.get('lactate')).toEqual({ variable: 'lactate', scores: 0, clamped: 0, sumZ: 0 });
  });

  it('has the variables of the model and no others', () => {
    const ids = new DriftCounters(MODEL).counts().map(({ variable }) => variable);
    expect([...ids].sort()).toEqual(MODEL.config.encoder.variables.map(({ id }) => id).sort());
  });
});
