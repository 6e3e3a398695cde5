import { describe, expect, it } from 'vitest';
import { eventsByPlace, speedText, truthOf } from '../../../../dashboards/ward/src/replay/replay.js';

const event = (patientId: string, time: number) => ({
  patientId,
  wardId: 'ICU',
  kind: 'death',
  time,
  label: 'died',
});
const state = (events: ReturnType<typeof event>[]) => ({
  isPlaying: true,
  speed: 60,
  time: 0,
  from: 0,
  to: 1000,
  isAtEnd: false,
  events,
});

describe('eventsByPlace', () => {
  it('puts events where they happened, those that would overlap as one, and none outside the history', () => {
    const places = eventsByPlace(
      [event('b', 505), event('a', 500), event('c', 900), event('d', 1001)],
      0,
      1000,
    );
    expect(places.map(({ at, events }) => [at, events.map(({ patientId }) => patientId)])).toEqual([
      [0.5, ['a', 'b']],
      [0.9, ['c']],
    ]);
  });
});

describe('truthOf', () => {
  it('tells of a patient only what has happened by then', () => {
    const replay = state([event('a', 100), event('a', 700), event('b', 100)]);
    expect(truthOf(replay, 'a', 500).map(({ time, text }) => [time, text])).toEqual([[100, 'died']]);
    expect(truthOf(null, 'a', 500)).toEqual([]);
  });
});

it('names the speeds', () => {
  expect([speedText(60), speedText(null)]).toEqual(['60×', 'As fast as it goes']);
});
