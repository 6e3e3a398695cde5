import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { RunningSummary } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { DERIVED_NAMES, encodeDerived } from '../../src/features/derived.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { HOUR_MS, START } from '../helpers.js';

const ids = ['heartRate', 'sbpInvasive', 'sbpCuff', 'pao2', 'fio2', 'urine', 'weight'];

function summaryOf(values: Readonly<Record<string, readonly number[]>>): RunningSummary {
  const summary = new RunningSummary();
  for (const [id, course] of Object.entries(values)) {
    const variable = variableIndex(id);
    course.forEach((value, step) => {
      summary.add(variable, step, value, value);
      summary.last[variable] = value;
      summary.lastAt[variable] = step * HOUR_MS;
    });
  }
  return summary;
}

function derivedOf(values: Readonly<Record<string, readonly number[]>>, hours = 2): Record<string, number> {
  const row = new Float32Array(DERIVED_NAMES.length);
  encodeDerived(summaryOf(values), hours, 5, row, 0);
  return Object.fromEntries(DERIVED_NAMES.map((name, index) => [name, row[index]]));
}

describe('encodeDerived', () => {
  it('says nothing of what cannot be told', () => {
    expect(Object.values(derivedOf({})).every((value) => value === 0)).toBe(true);
    const row = derivedOf({ heartRate: [80], pao2: [90] });
    expect(row['derived.shockIndex.last']).toBe(0);
    expect(row['derived.pfRatio.last']).toBe(0);
  });

  it('says nothing where a pressure of 0 is charted', () => {
    expect(derivedOf({ heartRate: [80], sbpCuff: [0] })['derived.shockIndex.last']).toBe(0);
  });

  it('takes of line and cuff the one read last', () => {
    const row = derivedOf({ sbpInvasive: [100], sbpCuff: [150, 142] });
    expect(row['derived.sbp.last']).toBeCloseTo((142 - 119) / 23, 6);
    const tie = derivedOf({ sbpInvasive: [100], sbpCuff: [150] });
    expect(tie['derived.sbp.last']).toBeCloseTo((100 - 119) / 23, 6);
  });

  it('divides heart rate by systolic pressure, PaO2 by FiO2, urine by hours and weight', () => {
    const row = derivedOf({
      heartRate: [80, 120],
      sbpCuff: [120, 100],
      pao2: [80],
      fio2: [0.5],
      urine: [100, 60],
      weight: [80],
    });
    expect(row['derived.shockIndex.last']).toBeCloseTo((1.2 - 0.76) / 0.22, 5);
    expect(row['derived.shockIndex.worst']).toBeCloseTo(0, 5);
    expect(row['derived.pfRatio.last']).toBeCloseTo((Math.log1p(160) - 5.4) / 0.5, 5);
    expect(row['derived.urinePerHour']).toBeCloseTo((Math.log1p(80) - 4.2) / 0.9, 5);
    expect(row['derived.urinePerHourKg']).toBeCloseTo((Math.log1p(1) - 0.8) / 0.45, 5);
  });

  it('follows the statics, and takes the open step as any other', () => {
    const variables = ids.map((id) => ({ id, transform: 'linear' as const, center: 0, scale: 100 }));
    const encoder = new FeatureEncoder({ variables, derived: true });
    expect(encoder.featureNames.slice(-DERIVED_NAMES.length)).toEqual(DERIVED_NAMES);
    const course = fc.array(
      fc.record({ id: fc.constantFrom(...ids), value: fc.integer({ min: 1, max: 200 }) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(course, (values) => {
        const patient = new PatientState(
          { patientId: 'p', partition: 0, eventTime: START },
          { stepMs: HOUR_MS, steps: 48 },
          16,
        );
        const { timeline } = patient;
        values.forEach(({ id, value }, hour) => {
          if (hour > 0) timeline.advance();
          timeline.record(hour, variableIndex(id), value, START + hour * HOUR_MS);
        });
        const row = new Float32Array(encoder.size);
        encoder.encode(
          patient,
          timeline.openStep,
          timeline.endOf(timeline.openStep),
          timeline.summary,
          row,
          0,
        );
        const all = new RunningSummary();
        timeline.foldBefore(all, timeline.openStep + 1);
        const expected = new Float32Array(DERIVED_NAMES.length);
        encodeDerived(all, values.length, 5, expected, 0);
        expect(row.slice(-DERIVED_NAMES.length)).toEqual(expected);
      }),
    );
  });
});
