import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { alarmFigures, cohortAlarms, HYLAND_RULES } from '../../src/study/alarms.js';
import type { MonitoredStay } from '../../src/study/monitored.js';
import { monitored } from './monitored.js';

const HOUR_MS = 3_600_000;

interface Vectors {
  stays: { hours: number; signal: (number | null)[]; events: [number, number][] }[];
  cases: Record<'threshold' | 'events' | 'caught' | 'alarms' | 'trueAlarms' | 'medianLeadHours', number>[];
}

const { stays, cases } = JSON.parse(
  readFileSync(new URL('./alarms.vectors.json', import.meta.url), 'utf8'),
) as Vectors;

const watched = stays.map(({ hours, signal, events }): MonitoredStay => {
  const scored = Math.floor(hours);
  return {
    times: Float64Array.from({ length: scored }, (_, index) => (index + 1) * HOUR_MS),
    signal: Float64Array.from({ length: scored }, (_, index) => signal[index] ?? Number.NaN),
    from: 0,
    to: scored,
    events: events.map(([start, end]) => ({ start: start * HOUR_MS, end: end * HOUR_MS })),
    start: 0,
    end: hours * HOUR_MS,
  };
});

it.each(cases)('says what another implementation, in Python, said at threshold $threshold', (expected) => {
  const figures = alarmFigures(cohortAlarms(monitored(watched), expected.threshold, HYLAND_RULES, HOUR_MS));
  const { events, caught, alarms, trueAlarms } = expected;
  expect(figures).toMatchObject({ events, caught, alarms, trueAlarms });
  expect(figures.medianLeadHours).toBeCloseTo(expected.medianLeadHours, 3);
});
