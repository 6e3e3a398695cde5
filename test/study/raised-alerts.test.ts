import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transitionsOf } from '../../src/cohort/policy-run.js';
import type { AlertRule } from '../../src/settings/config.js';
import { raisedBy } from '../../src/study/raised-alerts.js';
import { scoredStay } from './scored-stay.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RULE: AlertRule = {
  id: 'deterioration',
  signal: 'deterioration',
  priority: 'MEDIUM',
  raiseAt: 0.3,
  resolveBelow: 0.2,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: HOUR,
};

describe('alerts of scored stays', () => {
  it('last from when they are raised to when they end', () => {
    const stay = scoredStay([
      [0, 0.4],
      [60, 0.1],
      [120, 0.4],
    ]);
    expect(raisedBy([RULE], [stay])).toEqual([
      [
        { time: 0, end: HOUR, rule: 'deterioration' },
        { time: 2 * HOUR, end: 48 * HOUR, rule: 'deterioration' },
      ],
    ]);
  });

  it('are those of the alert policy, whatever the rules', () => {
    const rows = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(Number.NaN, 0, 0.1, 0.2, 0.3, 0.5),
        fc.integer({ min: 0, max: 3 }),
      ),
      { maxLength: 40 },
    );
    const guards = {
      holdMs: fc.constantFrom(0, 30 * MINUTE),
      refractoryMs: fc.constantFrom(0, HOUR, 5 * HOUR),
      startAfterMs: fc.constantFrom(0, 3 * HOUR),
      quietDuringEvent: fc.boolean(),
      quietAfterEventMs: fc.constantFrom(1, HOUR, 8 * HOUR),
    };
    const one = fc.record(guards).map((more): AlertRule => ({ ...RULE, ...more }));
    const other = fc
      .record({ ...guards, endAfterMs: fc.constantFrom(HOUR, 8 * HOUR) })
      .map((more): AlertRule => ({ ...RULE, ...more, id: 'second', raiseAt: 0.5, resolveBelow: 0.5 }));
    fc.assert(
      fc.property(rows, one, other, (steps, first, second) => {
        let minute = 0;
        const stay = scoredStay(
          steps.map(([step, value, failing]) => {
            minute += step;
            return [minute, value, failing] as const;
          }),
          { hours: Math.ceil(minute / 60) + 1 },
        );
        const rules = [first, second];
        const ends = new Map<string, number>();
        const begins: [number, string, string][] = [];
        for (const { alertId, rule, state, sequence, eventTime } of transitionsOf([stay], rules, 'v')) {
          if (sequence === 0) begins.push([eventTime, rule, alertId]);
          if (state === 'RESOLVED') ends.set(alertId, eventTime);
        }
        const expected = begins.map(([time, rule, alertId]) => ({ time, end: ends.get(alertId), rule }));
        const order = (a: { time: number; rule: string }, b: { time: number; rule: string }) =>
          a.time - b.time || (a.rule < b.rule ? -1 : 1);
        expect([...raisedBy(rules, [stay])[0]].sort(order)).toEqual(expected.sort(order));
      }),
      { numRuns: 300 },
    );
  });
});
