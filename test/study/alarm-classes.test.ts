import { expect, it } from 'vitest';
import type { AlertRule } from '../../src/settings/config.js';
import { classBurdens } from '../../src/study/alarm-classes.js';
import { scoredStay } from './scored-stay.js';

const HOUR = 3_600_000;
const rule = (id: string, signal: AlertRule['signal']): AlertRule => ({
  id,
  signal,
  priority: 'MEDIUM',
  raiseAt: 0.5,
  resolveBelow: 0.4,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 0,
});
const span = (time: number, end: number) => ({ time: time * HOUR, end: end * HOUR });

it('alarms of each class are counted by themselves, and all but technical ones together', () => {
  const stays = [
    {
      ...scoredStay([], { hours: 24 }),
      alarms: [
        { kind: 'failing' as const, id: 'hypotension', ...span(1, 4) },
        { kind: 'critical' as const, id: 'hypotension-severe', ...span(3, 6) },
        { kind: 'technical' as const, id: 'no-reading', ...span(10, 22) },
      ],
    },
    scoredStay([], { id: 'p2', hours: 24 }),
  ];
  const raised = [
    [{ rule: 'ahead', ...span(0, 2) }],
    [
      { rule: 'ahead', ...span(5, 6) },
      { rule: 'ews', ...span(5, 8) },
    ],
  ];
  const { classes, clinical } = classBurdens(
    stays,
    [rule('ahead', 'deterioration'), rule('ews', 'sofa')],
    raised,
  );
  const told = classes.map(({ id, alarms, openShare, longestOpenHours, stays: any }) => [
    id,
    alarms,
    openShare * 48,
    longestOpenHours,
    any,
  ]);
  expect(told).toEqual([
    ['risk', 2, 3, 2, 2],
    ['score', 1, 3, 3, 1],
    ['critical', 1, 3, 3, 1],
    ['failing', 1, 3, 3, 1],
    ['technical', 1, 12, 12, 1],
  ]);
  expect(clinical).toMatchObject({ alarms: 5, alarmsPerPatientDay: 2.5, longestOpenHours: 6, stays: 2 });
  expect(clinical.openShare * 48).toBeCloseTo(6 + 3, 12);
});
