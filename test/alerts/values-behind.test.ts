import { expect, it } from 'vitest';
import { ValuesBehind } from '../../src/alerts/values-behind.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { eventOf, labs, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;

function setUp() {
  const told: string[] = [];
  const behind = new ValuesBehind({
    raise: ({ kind, priority, patientId }) => told.push(`raise ${kind} ${priority} ${patientId}`),
    clear: (kind, subject) => told.push(`clear ${kind} ${subject}`),
  });
  /** Vital signs that come at `minute` with a time so many minutes back. */
  const tell = (minute: number, back: number, more = {}, kind: 'vitals' | 'labs' = 'vitals') => {
    const at = { eventTime: START + (minute - back) * MINUTE_MS };
    const event =
      kind === 'vitals'
        ? eventOf('vitals', vitals({ spo2: 96 }, at))
        : eventOf('labs', labs({ ph: 7.4 }, at));
    const observations = [event as ObservationEvent];
    behind.note({ observations, discharged: [], released: [], ...more }, START + minute * MINUTE_MS);
  };
  return { behind, told, tell };
}

it('a monitor whose clock is an hour behind is told after two minutes, and over when it is right', () => {
  const { behind, told, tell } = setUp();
  for (const minute of [0, 0.5, 1, 1.9]) tell(minute, 60);
  expect([told, behind.lagOf('p1')]).toEqual([[], 0]);
  tell(2, 60);
  tell(3, 60);
  expect(told).toEqual(['raise values-behind MEDIUM p1']);
  expect(behind.lagOf('p1')).toBe(60 * MINUTE_MS);
  tell(4, 0);
  expect(told.slice(1)).toEqual(['clear values-behind p1']);
  expect(behind.lagOf('p1')).toBe(0);
});

it('a backlog, or a gateway that catches up, is none', () => {
  const { told, tell } = setUp();
  for (let minute = 0; minute < 30; minute += 0.5) tell(minute, 300 - 9 * minute);
  expect(told).toEqual([]);
});

it('results that a laboratory sends late are none', () => {
  const { told, tell } = setUp();
  for (let minute = 0; minute < 10; minute++) tell(minute, 90, {}, 'labs');
  expect(told).toEqual([]);
});

it('is over when the patient leaves, or nothing more comes', () => {
  const { behind, told, tell } = setUp();
  for (const minute of [0, 1, 2]) tell(minute, 45);
  tell(3, 45, { discharged: [{ patientId: 'p1' }] });
  expect(told).toEqual(['raise values-behind MEDIUM p1', 'clear values-behind p1']);
  for (const minute of [10, 11, 12]) tell(minute, 45);
  behind.note({ observations: [], discharged: [], released: [] }, START + 28 * MINUTE_MS);
  expect(told.slice(2)).toEqual(['raise values-behind MEDIUM p1', 'clear values-behind p1']);
});
