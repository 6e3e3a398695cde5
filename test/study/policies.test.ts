import { describe, expect, it } from 'vitest';
import type { Interval } from '../../src/clinical/intervals.js';
import { alertFigures, judgedAlerts, openTime } from '../../src/study/policies.js';
import type { RaisedAlert } from '../../src/study/raised-alerts.js';

const HOUR = 3_600_000;
const span = (start: number, end: number): Interval => ({ start: start * HOUR, end: end * HOUR });
const alert = (time: number, end: number): RaisedAlert => ({ time: time * HOUR, end: end * HOUR, rule: 'r' });
const stays = [24, 24, 48, 24].map((hours) => ({ admittedAt: 0, endAt: hours * HOUR }));

// The first is warned within eight hours, the second twelve hours before, the third has an event too early and one
// without a warning, the fourth has none.
const events = [[span(10, 11)], [span(20, 21)], [span(3, 4), span(30, 31)], []];
const raised = [[alert(4, 6), alert(5, 12)], [alert(8, 9)], [alert(1, 2)], [alert(1, 3), alert(20, 24)]];
const counting = [[0], [0], [0, 1], []];
const truths = events.map((each) => each.map(({ start }) => start));
/** Those of the first three are PaO2/FiO2 below 200; of the third it came too early to be foretold. */
const firstHypoxaemia = [10 * HOUR, 20 * HOUR, undefined, undefined];
const judged = judgedAlerts(raised, stays, { events, counting, truths, firstHypoxaemia });

describe('figures of alerts', () => {
  it('are those planted', () => {
    expect(alertFigures(judged)).toEqual({
      alerts: 6,
      alertsPerPatientDay: 6 / 5,
      precision: 3 / 6,
      events: 4,
      recall: 2 / 4,
      medianLeadHours: 4,
      warnable: 3,
      warned: 1 / 3,
      warnedEver: 3 / 3,
      firstHypoxaemias: 2,
      firstHypoxaemiaRecall: 1 / 2,
      openShare: (8 + 1 + 1 + 6) / 120,
      longestOpenHours: 8,
    });
  });

  it('of a resample are those of the stays written out', () => {
    const written = [0, 0, 2, 3].map((place) => place);
    const out = judgedAlerts(
      written.map((place) => raised[place]),
      written.map((place) => stays[place]),
      {
        events: written.map((place) => events[place]),
        counting: written.map((place) => counting[place]),
        truths: written.map((place) => truths[place]),
        firstHypoxaemia: written.map((place) => firstHypoxaemia[place]),
      },
    );
    const { longestOpenHours: _, ...rest } = alertFigures(out);
    expect(alertFigures(judged, Uint32Array.of(2, 0, 1, 1))).toMatchObject(rest);
  });
});

it('time with an alert open counts once where several are', () => {
  expect(openTime([alert(1, 3), alert(2, 5), alert(5, 6), alert(8, 9)])).toEqual({
    total: 6 * HOUR,
    longest: 5 * HOUR,
  });
  expect(openTime([])).toEqual({ total: 0, longest: 0 });
});
