import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ticksOf } from '../../../../dashboards/ward/src/patient/ticks.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('ticksOf', () => {
  it('are round times of the viewer’s day', () => {
    const day = { from: 0, to: 24 * HOUR };
    expect(ticksOf(day, 4, 0)).toEqual([0, 6, 12, 18, 24].map((hour) => hour * HOUR));
    // Half past five in UTC is eleven in Kolkata.
    expect(ticksOf({ from: 5 * HOUR, to: 6 * HOUR }, 1, 5.5 * HOUR)).toEqual([5.5 * HOUR]);
  });

  it('lie within the span, evenly, and are at most one more than asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 10 * MINUTE, max: 48 * HOUR }),
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: -48, max: 56 }),
        (from, length, count, quarters) => {
          const ticks = ticksOf({ from, to: from + length }, count, quarters * 15 * MINUTE);
          expect(ticks.length).toBeLessThanOrEqual(count + 1);
          for (const tick of ticks) {
            expect(tick).toBeGreaterThanOrEqual(from);
            expect(tick).toBeLessThanOrEqual(from + length);
          }
          const steps = new Set(ticks.slice(1).map((tick, index) => tick - ticks[index]));
          expect(steps.size).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
