import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  carry,
  extend,
  indexAt,
  MAX_SPAN_MS,
  MIN_SPAN_MS,
  pan,
  zoom,
} from '../../../../dashboards/ward/src/patient/timeline.js';
import { patientView, timelineOf } from '../views.js';

const HOUR = 3_600_000;
const span = fc
  .tuple(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: MIN_SPAN_MS, max: MAX_SPAN_MS }))
  .map(([from, length]) => ({ from, to: from + length }));

describe('zoom and pan', () => {
  it('keeps the time under the pointer where it is, within 10 minutes and 48 hours', () => {
    fc.assert(
      fc.property(
        span,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (before, factor, part) => {
          const about = before.from + part * (before.to - before.from);
          const after = zoom(before, factor, about);
          const length = after.to - after.from;
          expect(length).toBeGreaterThanOrEqual(MIN_SPAN_MS - 1);
          expect(length).toBeLessThanOrEqual(MAX_SPAN_MS + 1);
          expect((about - after.from) / length).toBeCloseTo(part, 4);
        },
      ),
    );
  });

  it('moves by a part of the span, but not past now', () => {
    const hour = { from: 10 * HOUR, to: 11 * HOUR };
    expect(pan(hour, -0.5, 20 * HOUR)).toEqual({ from: 9.5 * HOUR, to: 10.5 * HOUR });
    expect(pan(hour, 0.5, 11.2 * HOUR).to).toBeCloseTo(11.2 * HOUR);
    expect(pan(hour, 0.5, 10.5 * HOUR)).toEqual(hour);
  });
});

describe('indexAt', () => {
  it('finds the last time at or before another', () => {
    expect([0, 1, 5, 9, 10, 99].map((time) => indexAt([1, 5, 5, 10], time))).toEqual([-1, 0, 2, 2, 3, 3]);
    expect(indexAt([], 1)).toBe(-1);
  });
});

describe('extend', () => {
  it('adds what the push knows and the timeline does not, once', () => {
    const timeline = timelineOf({ heartRate: [[1000, 80]] }, [[1000, 0.1]]);
    const patient = patientView({
      mortality: 0.2,
      riskAt: 2000,
      values: {
        heartRate: { value: 90, unit: '/min', at: 2000 },
        lactate: { value: 3, unit: 'mmol/L', at: 1500 },
        unheardOf: { value: 3, unit: '', at: 1500 },
      },
    });
    const once = extend(timeline, patient);
    expect(once.variables.heartRate.values).toEqual([80, 90]);
    expect(once.variables.lactate).toMatchObject({ label: 'Lactate', kind: 'lab', times: [1500] });
    expect(once.variables.unheardOf).toBeUndefined();
    expect(once.scores).toMatchObject({ times: [1000, 2000], mortality: [0.1, 0.2], news2: [null, null] });
    expect(extend(once, patient)).toEqual(once);
    expect(timeline.variables.heartRate.values).toEqual([80]);
  });

  it('keeps the range of thinned values as long as the values', () => {
    const timeline = timelineOf({ heartRate: [[1000, 80]] }, []);
    const { heartRate } = timeline.variables;
    const thinned = { ...timeline, variables: { heartRate: { ...heartRate, low: [70], high: [95] } } };
    const patient = patientView({ values: { heartRate: { value: 90, unit: '/min', at: 2000 } } });
    expect(extend(thinned, patient).variables.heartRate).toMatchObject({ low: [70, 90], high: [95, 90] });
  });
});

describe('carry', () => {
  it('keeps what the push brought and the store does not have yet', () => {
    const before = timelineOf(
      {
        heartRate: [
          [1, 80],
          [2, 81],
          [3, 82],
        ],
        lactate: [[3, 2]],
      },
      [
        [1, 0.1],
        [3, 0.3],
      ],
    );
    const read = timelineOf(
      {
        heartRate: [
          [1, 80],
          [2, 81.5],
        ],
      },
      [
        [1, 0.1],
        [2, 0.2],
      ],
    );
    const carried = carry(read, before);
    expect(carried.variables.heartRate).toMatchObject({ times: [1, 2, 3], values: [80, 81.5, 82] });
    expect(carried.variables.lactate.values).toEqual([2]);
    expect(carried.scores).toMatchObject({
      times: [1, 2, 3],
      mortality: [0.1, 0.2, 0.3],
      qsofa: [null, null, null],
    });
    expect(carry(carried, before)).toEqual(carried);
  });

  it('takes what was read where there was nothing before, or something of later', () => {
    const read = timelineOf({ heartRate: [[1, 80]] }, []);
    expect(carry(read, null)).toBe(read);
    expect(carry(read, { ...read, to: 9 })).toBe(read);
  });
});
