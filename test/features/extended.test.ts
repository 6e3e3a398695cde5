import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { bendOf } from '../../src/clinical/monotone.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { HOUR_MS, START } from '../helpers.js';

const GRID = { stepMs: HOUR_MS, steps: 48 };
const HR = variableIndex('heartRate');
const SPO2 = variableIndex('spo2');
const FIO2 = variableIndex('fio2');
const VENTILATED = variableIndex('mechVent');
const BENT = ['least', 'greatest', 'underMean', 'overMean', 'underRecent', 'overRecent'] as const;
const encoder = new FeatureEncoder({
  variables: [
    { id: 'heartRate', transform: 'linear', center: 80, scale: 10 },
    { id: 'spo2', transform: 'linear', center: 97, scale: 3 },
    { id: 'fio2', transform: 'linear', center: 0.5, scale: 0.2 },
    { id: 'mechVent', transform: 'linear', center: 0.5, scale: 0.5 },
  ],
  derived: true,
  extended: true,
});

/** Readings of each hour, of one variable; the row at the end of the last. */
function rowAfter(hours: readonly (readonly [variable: number, value: number][])[]): Record<string, number> {
  const patient = new PatientState({ patientId: 'p', partition: 0, eventTime: START }, GRID, 16);
  const { timeline } = patient;
  hours.forEach((readings, hour) => {
    if (hour > 0) timeline.advance();
    readings.forEach(([variable, value], index) => {
      timeline.record(hour, variable, value, START + hour * HOUR_MS + index);
    });
  });
  const row = new Float32Array(encoder.size);
  const asOf = START + hours.length * HOUR_MS - 1;
  encoder.encode(patient, timeline.openStep, asOf, timeline.summary, row, 0);
  return Object.fromEntries(encoder.featureNames.map((name, index) => [name, row[index]]));
}

const heartRates = (...rates: number[]) => rowAfter(rates.map((rate) => [[HR, rate]]));
/** Two readings an hour. */
const pairs = (rates: readonly number[]) =>
  rowAfter(
    Array.from({ length: Math.ceil(rates.length / 2) }, (_, hour) =>
      rates.slice(2 * hour, 2 * hour + 2).map((rate) => [HR, rate] as const),
    ),
  );

describe('averages that bend in the middle of normal', () => {
  it('are of what is below and of what is above it', () => {
    // The middle of 50 and 91 (src/clinical/monotone.ts).
    expect(bendOf('heartRate')).toBe(70.5);
    expect(bendOf('lactate')).toBeNaN();
    const row = heartRates(120, 120, 40.5);
    expect(row['heartRate.overMean']).toBeCloseTo(((120 + 120 + 70.5) / 3 - 80) / 10, 5);
    expect(row['heartRate.underMean']).toBeCloseTo(((70.5 + 70.5 + 40.5) / 3 - 80) / 10, 5);
    expect(encoder.featureNames).not.toContain('spo2.overMean');
  });

  it('let no low value make up for a high one', () => {
    const course = fc.array(fc.double({ min: 20, max: 220, noNaN: true }), { minLength: 1, maxLength: 60 });
    const worse = fc.double({ min: 1, max: 60, noNaN: true });
    fc.assert(
      fc.property(course, fc.nat(), worse, (rates, place, by) => {
        const at = place % rates.length;
        const is = heartRates(...rates);
        const changed = heartRates(...rates.with(at, rates[at] + (rates[at] > 70.5 ? by : -by)));
        const sign = rates[at] > 70.5 ? 1 : -1;
        for (const name of BENT) {
          const moved = changed[`heartRate.${name}`] - is[`heartRate.${name}`];
          expect(sign * moved, name).toBeGreaterThanOrEqual(-1e-4);
        }
      }),
    );
  });

  it('let none make up for another within an hour either', () => {
    const course = fc.array(fc.double({ min: 20, max: 220, noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(course, fc.double({ min: 20, max: 50, noNaN: true }), (rates, slow) => {
        // The newest is slow, and then slower: nothing that rises with fast rates falls.
        const is = pairs([...rates, slow]);
        const slower = pairs([...rates, slow - 10]);
        // The model bends the extremes itself, at 70.5 on the scale of the row.
        const over = (row: Record<string, number>, name: string) => Math.max(-0.95, row[`heartRate.${name}`]);
        const under = (row: Record<string, number>, name: string) =>
          Math.min(-0.95, row[`heartRate.${name}`]);
        for (const name of ['greatest', 'overMean', 'overRecent'])
          expect(over(slower, name), name).toBeGreaterThanOrEqual(over(is, name) - 1e-4);
        for (const name of ['least', 'underMean', 'underRecent'])
          expect(under(slower, name), name).toBeLessThanOrEqual(under(is, name) + 1e-4);
      }),
    );
  });
});

describe('quantities of every cohort', () => {
  it('tell SpO2/FiO2 where both are known, up to an SpO2 of 97 %', () => {
    const ratio = (spo2: number, fio2: number) =>
      rowAfter([
        [
          [SPO2, spo2],
          [FIO2, fio2],
        ],
      ])['derived.spo2Ratio.last'];
    expect(ratio(88, 0.6)).toBeCloseTo((Math.log1p(88 / 0.6) - 5.4) / 0.35, 5);
    expect(ratio(100, 0.4)).toBe(ratio(97, 0.4));
    expect(rowAfter([[[SPO2, 88]]])['derived.spo2Ratio.last']).toBe(0);
  });

  it('tell whether oxygen is given, for twelve hours', () => {
    const onOxygen = (...hours: [number, number][][]) => rowAfter(hours)['oxygen.on'];
    expect(onOxygen([[FIO2, 0.21]])).toBe(0);
    expect(onOxygen([[FIO2, 0.35]])).toBe(1);
    expect(onOxygen([[VENTILATED, 1]])).toBe(1);
    expect(onOxygen([[FIO2, 0.35]], [[FIO2, 0.21]])).toBe(0);
    expect(onOxygen([[FIO2, 0.35]], ...Array.from({ length: 12 }, () => []))).toBe(0);
    expect(onOxygen()).toBe(0);
  });

  it('tell the hours since admission beyond the ring', () => {
    const hours = rowAfter(Array.from({ length: 100 }, () => [[HR, 80]]))['time.hours'];
    expect(hours).toBeCloseTo(Math.log1p(100) / 4, 3);
  });
});
