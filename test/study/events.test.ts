import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../src/clinical/endpoints.js';
import { StayCollector } from '../../src/cohort/stays.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { openSource } from '../../src/sources/open-source.js';
import { askedHours } from '../../src/study/asked-hours.js';
import { ENDPOINTS, type EndpointId } from '../../src/study/events.js';
import { firstHypoxaemias, recallByKind } from '../../src/study/kinds.js';
import { alertFigures, foreseeable, judgedAlerts } from '../../src/study/policies.js';
import { SET_A } from '../helpers.js';
import { scoredStay } from './scored-stay.js';

const HOUR = 3_600_000;
const series = (...rows: readonly (readonly [hour: number, value: number])[]): Series => ({
  times: Float64Array.from(rows, ([hour]) => hour * HOUR),
  values: Float64Array.from(rows, ([, value]) => value),
});
/** Hourly pressures of 80 mmHg for 48 hours, but 60 from some hours on for two. */
const pressures = (...low: readonly number[]) =>
  series(
    ...Array.from(
      { length: 48 },
      (_, hour) => [hour, low.some((from) => hour >= from && hour < from + 2) ? 60 : 80] as const,
    ),
  );
const fio2 = series(...Array.from({ length: 16 }, (_, index) => [3 * index, 0.5] as const));
/** Scored every half hour for 48 hours. */
const stayWith = (charted: Parameters<typeof scoredStay>[1] & object, id = 'p1') =>
  scoredStay(
    Array.from({ length: 96 }, (_, half) => [30 * half, 0]),
    { ...charted, id },
  );
const endpoint = (id: EndpointId) => ENDPOINTS.find((each) => each.id === id)!;
const alert = (hour: number) => ({ time: hour * HOUR, end: (hour + 1) * HOUR, rule: 'r' });

describe('events', () => {
  const both = stayWith({
    charted: { mapCuff: pressures(20, 40), fio2, pao2: series([10, 90], [12, 90], [18, 90], [30, 150]) },
  });

  it('of either begin where neither was there', () => {
    const found = endpoint('deterioration').eventsOf(both);
    expect(found.map(({ start, end, order, by }) => [start / HOUR, end / HOUR, order, by])).toEqual([
      [10, 24, 'first', 'PaO2/FiO2'],
      [40, 42, 'recurrence', 'pressure'],
    ]);
    expect(
      endpoint('hypotension')
        .eventsOf(both)
        .map(({ start }) => start / HOUR),
    ).toEqual([20, 40]);
    expect(endpoint('circulatoryFailure').eventsOf(both)).toEqual([]);
  });

  it('of one kind make an alert true also while the other kind is there', () => {
    const against = foreseeable(endpoint('deterioration'), [both]);
    expect(against.truths[0].map((time) => time / HOUR)).toEqual([10, 20, 40]);
    const figures = alertFigures(judgedAlerts([[alert(4), alert(15), alert(26)]], [both], against));
    // The alert of hour 15 foretells the pressure of hour 20, though breathing has failed by then.
    expect(figures).toMatchObject({ events: 2, recall: 1 / 2, precision: 2 / 3 });
  });

  it('that were brought in are none to be foretold, and an alert before them is not true', () => {
    const late = series([5, 60], [6, 60], [7, 80], [30, 60], [31, 60], [32, 80]);
    const stay = stayWith({ charted: { mapCuff: late } });
    const against = foreseeable(endpoint('hypotension'), [stay]);
    expect(against.events[0].map(({ order }) => order)).toEqual(['arrival', 'recurrence']);
    const figures = alertFigures(judgedAlerts([[alert(3), alert(28)]], [stay], against));
    expect(figures).toMatchObject({ events: 1, recall: 1, precision: 1 / 2 });
  });

  it('are asked for at hours at which one can begin: not within one, nor in the wash-out', () => {
    const stay = stayWith({ charted: { mapCuff: pressures(20) } });
    const { moments, outcomes } = askedHours(endpoint('hypotension'), [stay]);
    const hours = Array.from(moments, (moment) => stay.times[moment] / HOUR);
    const between = (from: number, to: number) => Array.from({ length: to - from }, (_, each) => from + each);
    expect(hours).toEqual([...between(1, 20), ...between(30, 48)]);
    expect(hours.filter((_, index) => outcomes[index] === 1)).toEqual(between(12, 20));
  });
});

describe('recall by kind', () => {
  it('tells first onsets from recurrences, by what told them', () => {
    const stay = stayWith({
      charted: {
        mapCuff: pressures(10, 30),
        lactate: series([10, 3]),
        fio2,
        spo2: series([20, 90], [21, 90], [22, 99]),
        mechVent: series([35, 1]),
      },
    });
    const found = recallByKind([[alert(8), alert(33)]], [stay]).filter(({ events }) => events > 0);
    expect(found).toEqual([
      { kind: 'circulatory', by: 'pressure and lactate', order: 'first', events: 1, recall: 1 },
      { kind: 'hypotension', by: 'pressure', order: 'first', events: 1, recall: 1 },
      { kind: 'hypotension', by: 'pressure', order: 'recurrence', events: 1, recall: 0 },
      { kind: 'respiratory', by: 'SpO2/FiO2', order: 'first', events: 1, recall: 0 },
      { kind: 'respiratory', by: 'ventilation', order: 'recurrence', events: 1, recall: 1 },
    ]);
  });

  it('knows the first PaO2/FiO2 below 200 of a patient, whatever was there before', () => {
    const gas = (...hours: readonly number[]) => series(...hours.map((hour) => [hour, 90] as const));
    const ventilated = { mechVent: series([5, 1]) };
    const stays = [
      stayWith({ charted: { fio2, pao2: gas(6, 30), ...ventilated } }, 'a'),
      stayWith({ charted: { fio2, pao2: gas(0.5, 20) } }, 'brought in'),
      stayWith({ charted: { fio2 } }, 'none'),
      stayWith({ charted: { fio2, pao2: gas(10) } }, 'b'),
    ];
    expect(firstHypoxaemias(stays).map((time) => time && time / HOUR)).toEqual([6, undefined, undefined, 10]);
    const against = foreseeable(endpoint('deterioration'), stays);
    const figures = alertFigures(judgedAlerts([[alert(4)], [alert(15)], [], [alert(1)]], stays, against));
    expect(figures).toMatchObject({ firstHypoxaemias: 2, firstHypoxaemiaRecall: 1 / 2 });
  });

  it('takes the earlier of two stays of a patient', () => {
    const stay = stayWith({ charted: { fio2, pao2: series([10, 90]) } });
    const again = { ...stay, admittedAt: HOUR, charted: { ...stay.charted, pao2: series([20, 90]) } };
    expect(firstHypoxaemias([stay, again])).toEqual([10 * HOUR, undefined]);
  });
});

/**
 * Read off its file: a mean pressure of 60 and 57 mmHg half an hour apart, then 77; PaO2 below 100 mmHg at an FiO2 of 0.5 four times, with
 * ten hours between what the second and the third say; ventilated when first charted, within four hours; lactate never 2.
 */
it.skipIf(!existsSync(SET_A))(
  'of stay 132738 of set A are those of its chart (needs ../shared/data)',
  async () => {
    const collector = new StayCollector();
    const source = openSource(`physionet2012:${SET_A}`, undefined, undefined, (id) => id === '132738');
    await replay(source, { config: parseConfig({}), speed: 'max', sinks: [collector] });
    const [stay] = collector.stays();
    const told = (id: EndpointId) =>
      endpoint(id)
        .eventsOf(stay)
        .map(({ start, end, order, by }) => {
          const minutes = (time: number) => Math.round((time - stay.admittedAt) / 60_000);
          return [minutes(start), minutes(end), order, by];
        });
    expect(told('hypotension')).toEqual([[1959, 2004, 'first', 'pressure']]);
    expect(told('respiratoryFailure')).toEqual([
      [277, 995, 'first', 'PaO2/FiO2'],
      [1619, 2903, 'recurrence', 'PaO2/FiO2'],
    ]);
    expect(told('deterioration')).toEqual(told('respiratoryFailure'));
    expect(told('circulatoryFailure')).toEqual([]);
  },
);
