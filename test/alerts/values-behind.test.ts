import { describe, expect, it } from 'vitest';
import { TrustNotices } from '../../src/alerts/trust-notices.js';
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

it('a delay that grows slowly, or changes for another, is known as it is', () => {
  const { behind, told, tell } = setUp();
  for (let minute = 0; minute < 40; minute++) tell(minute, minute / 2);
  expect(told).toEqual(['raise values-behind MEDIUM p1']);
  expect(behind.lagOf('p1') / MINUTE_MS).toBeGreaterThan(18);
  for (let minute = 40; minute < 44; minute++) tell(minute, 60);
  expect([told.length, behind.lagOf('p1')]).toEqual([1, 60 * MINUTE_MS]);
});

it('a monitor that is behind beside a ventilator that is not is known', () => {
  const { behind, told } = setUp();
  const none = { discharged: [], released: [] };
  for (let minute = 0; minute < 10; minute++) {
    const now = START + minute * MINUTE_MS;
    const of = (values: Record<string, number>, back: number) =>
      eventOf('vitals', vitals(values, { eventTime: now - back * MINUTE_MS })) as ObservationEvent;
    behind.note({ ...none, observations: [of({ heartRate: 80 }, 20), of({ fio2: 0.4 }, 0)] }, now);
  }
  expect(told).toEqual(['raise values-behind MEDIUM p1']);
  expect(behind.lagOf('p1')).toBe(20 * MINUTE_MS);
});

describe('a possible arrest', () => {
  /** Which minutes of the second quarter of an hour have the notice, of a monitor that is so many minutes behind. */
  function toldOf(backAt: (minute: number) => number, from = 15): number[] {
    const open = new Set<string>();
    const board = {
      raise: ({ kind }: { kind: string }) => void open.add(kind),
      clear: (kind: string) => void open.delete(kind),
    };
    const behind = new ValuesBehind(board);
    const notices = new TrustNotices(board, (patientId) => behind.lagOf(patientId));
    const minutes: number[] = [];
    for (let minute = 0; minute < 30; minute += 0.25) {
      const now = START + minute * MINUTE_MS;
      const time = now - backAt(minute) * MINUTE_MS;
      const observations = [
        eventOf('vitals', vitals({ heartRate: minute < from ? 80 : 0 }, { eventTime: time })),
      ];
      const mayBeArrestedSince = minute < from ? null : time;
      const trust = [
        {
          patientId: 'p1',
          wardId: null,
          time,
          doubts: [],
          mayBeArrestedSince,
          mayBeApnoeicSince: null,
          isUnwatched: false,
        },
      ];
      const outputs = { discharged: [], released: [], silent: [], trust };
      behind.note({ ...outputs, observations: observations as ObservationEvent[] }, now);
      notices.note(outputs, now);
      if (open.has('possible-arrest')) minutes.push(minute);
    }
    return minutes;
  }
  const ALL = Array.from({ length: 60 }, (_, index) => 15 + index / 4);

  it.each(Array.from({ length: 61 }, (_, minute) => minute))(
    'is told at once of a monitor that is %d minutes behind',
    (back) => {
      expect(toldOf(() => back)).toEqual(ALL);
      // A feed is not steady to the second.
      expect(toldOf((minute) => back + ((minute * 4 * 7) % 5) / 10)).toEqual(ALL);
    },
  );

  it('is not told of values of long ago that come once', () => {
    expect(toldOf((minute) => 300 - 9 * minute)).toEqual([]);
    expect(toldOf((minute) => (minute >= 15 && minute < 16.5 ? 180 : 0), 15).slice(0, 1)).toEqual([16.5]);
  });
});
