import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { EMBEDDING_UNIT } from '../../src/events/encoding.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { adt, HOUR_MS, START } from '../helpers.js';

const GRID = { stepMs: HOUR_MS, steps: 48 };
const HR = variableIndex('heartRate');
const encoder = new FeatureEncoder({
  variables: [
    { id: 'heartRate', transform: 'linear', center: 80, scale: 10 },
    { id: 'lactate', transform: 'log', center: 1, scale: 0.5 },
  ],
});

function patientOf(): PatientState {
  return new PatientState({ patientId: 'p', partition: 0, eventTime: START }, GRID, 16);
}

/** The row of the open step as of `at` ms after admission, by feature name. */
function rowOf(patient: PatientState, at: number): Record<string, number> {
  const row = new Float32Array(encoder.size);
  const { openStep, summary } = patient.timeline;
  encoder.encode(patient, openStep, START + at, summary, row, 0);
  return Object.fromEntries(encoder.featureNames.map((name, index) => [name, row[index]]));
}

describe('FeatureEncoder', () => {
  it('says nothing of what was never seen', () => {
    const row = rowOf(patientOf(), 0);
    expect(Object.values(row).every((value) => value === 0)).toBe(true);
  });

  it('standardises the open step and what came before it', () => {
    const patient = patientOf();
    const { timeline } = patient;
    timeline.record(0, HR, 90, START);
    timeline.advance();
    timeline.record(1, HR, 100, START + HOUR_MS);
    timeline.record(1, HR, 110, START + HOUR_MS + 1000);
    const row = rowOf(patient, HOUR_MS + 1000);
    expect(row).toMatchObject({ 'heartRate.last': 3, 'heartRate.mean': 2.5, 'heartRate.count': 1 });
    expect(row).toMatchObject({ 'heartRate.age': 0, 'heartRate.seen': 1, 'heartRate.first': 1 });
    expect(row).toMatchObject({ 'heartRate.windowMin': 1, 'heartRate.windowMax': 2.5 });
    expect(row['heartRate.windowMean']).toBeCloseTo(1.75, 6);
    expect(row['heartRate.windowSd']).toBeCloseTo(0.75, 6);
    expect(row['heartRate.windowSteps']).toBeCloseTo(Math.log1p(2) / 4, 6);
    expect(row['lactate.seen']).toBe(0);
  });

  it('keeps the last value while nothing new comes, and lets it age', () => {
    const patient = patientOf();
    patient.timeline.record(0, HR, 90, START);
    patient.timeline.advance();
    patient.timeline.advance();
    const row = rowOf(patient, 2 * HOUR_MS);
    expect(row).toMatchObject({ 'heartRate.last': 1, 'heartRate.mean': 0, 'heartRate.count': 0 });
    expect(row['heartRate.age']).toBeCloseTo(Math.log1p(2) / 4, 6);
  });

  it('clips at five standard deviations and takes logarithms where told', () => {
    const patient = patientOf();
    patient.timeline.record(0, HR, 300, START);
    patient.timeline.record(0, variableIndex('lactate'), Math.E - 1, START);
    const row = rowOf(patient, 0);
    expect(row['heartRate.last']).toBe(5);
    expect(row['lactate.last']).toBeCloseTo(0, 6);
  });

  it('tells unknown demographics from average ones', () => {
    const patient = patientOf();
    patient.updateFrom(adt('ADMIT', { ageYears: 64, sex: 'FEMALE', unitType: 'MEDICAL' }));
    const row = rowOf(patient, 24 * HOUR_MS);
    expect(row).toMatchObject({ 'static.age': 0, 'static.ageKnown': 1, 'static.sexKnown': 1 });
    expect(row).toMatchObject({ 'static.sexMale': 0, 'static.heightKnown': 0, 'static.unit.MEDICAL': 1 });
    expect(row['time.elapsed']).toBeCloseTo(0.5, 6);
  });

  it('does not depend on how often the same course is sent', () => {
    const course = fc.array(fc.integer({ min: 40, max: 160 }), { minLength: 1, maxLength: 20 });
    const density = fc.integer({ min: 2, max: 60 });
    fc.assert(
      fc.property(course, density, (hours, perHour) => {
        const [sparse, dense] = [2, perHour].map((count) => {
          const patient = patientOf();
          hours.forEach((value, hour) => {
            if (hour > 0) patient.timeline.advance();
            for (let n = 1; n <= count; n++) {
              patient.timeline.record(hour, HR, value, START + hour * HOUR_MS + (n * HOUR_MS) / count - 1);
            }
          });
          return rowOf(patient, hours.length * HOUR_MS);
        });
        expect(dense).toEqual(sparse);
      }),
    );
  });

  it('adds the newest note and image as of the row, with age, where the model takes them', () => {
    const modal = new FeatureEncoder({
      variables: [{ id: 'heartRate', transform: 'linear', center: 80, scale: 10 }],
      modalities: { text: { size: 2 }, image: { size: 3 } },
    });
    const patient = patientOf();
    const { timeline } = patient;
    const rowAt = (step: number, ms: number) => {
      const out = new Float32Array(modal.size).fill(9);
      modal.encode(patient, step, START + ms, timeline.summary, out, 0);
      return [...out.slice(-9)];
    };
    expect(modal.featureNames.slice(-9)).toEqual([
      'text.0',
      'text.1',
      'text.age',
      'text.seen',
      'image.0',
      'image.1',
      'image.2',
      'image.age',
      'image.seen',
    ]);
    expect(rowAt(0, 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const embedding = Int16Array.of(EMBEDDING_UNIT, -EMBEDDING_UNIT);
    timeline.notes.record(0, { messageId: 'n', eventTime: START, embedding });
    timeline.images.record(1, {
      messageId: 'i',
      eventTime: START + HOUR_MS,
      embedding: Int16Array.of(0, 0, EMBEDDING_UNIT),
    });
    const age = Math.fround(Math.log1p(2) / 4);
    expect(rowAt(0, 2 * HOUR_MS)).toEqual([1, -1, age, 1, 0, 0, 0, 0, 0]);
    expect(rowAt(1, 2 * HOUR_MS)).toEqual([1, -1, age, 1, 0, 0, 1, Math.fround(Math.log1p(1) / 4), 1]);
  });
});
