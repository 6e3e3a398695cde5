import { type MonitoredStay, MonitoredStays } from '../../src/study/monitored.js';

const MINUTE = 60_000;

/** Stays that were made one by one. */
export function monitored(stays: readonly MonitoredStay[]): MonitoredStays {
  const offsets = new Uint32Array(stays.length + 1);
  stays.forEach(({ from, to }, place) => {
    offsets[place + 1] = offsets[place] + to - from;
  });
  const joined = (listOf: (stay: MonitoredStay) => Float64Array) =>
    Float64Array.from(stays.flatMap((stay) => [...listOf(stay).subarray(stay.from, stay.to)]));
  const watch = {
    times: joined(({ times }) => times),
    offsets,
    starts: Float64Array.from(stays, ({ start }) => start),
    ends: Float64Array.from(stays, ({ end }) => end),
  };
  return new MonitoredStays(
    watch,
    joined(({ signal }) => signal),
    stays.map(({ events }) => events),
  );
}

/** A stay of some hours from [minute, signal] pairs, with events given in minutes. */
export function stay(
  rows: readonly (readonly number[])[],
  events: readonly (readonly number[])[],
  hours = 24,
): MonitoredStay {
  return {
    times: Float64Array.from(rows, ([minute]) => minute * MINUTE),
    signal: Float64Array.from(rows, ([, value]) => value),
    from: 0,
    to: rows.length,
    events: events.map(([start, end]) => ({ start: start * MINUTE, end: end * MINUTE })),
    start: 0,
    end: hours * 60 * MINUTE,
  };
}
