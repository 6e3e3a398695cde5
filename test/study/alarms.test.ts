import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlarmRules,
  alarmFigures,
  alarmSweep,
  catchable,
  cohortAlarms,
  HYLAND_RULES,
  stayAlarms,
} from '../../src/study/alarms.js';
import type { MonitoredStay } from '../../src/study/monitored.js';
import { monitored, stay } from './monitored.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const sound = (of: MonitoredStay, threshold = 1) =>
  stayAlarms(of, catchable(of, HYLAND_RULES, 0), threshold, HYLAND_RULES);
/** Moments every so many minutes with one signal. */
const every = (step: number, until: number, value = 1) =>
  Array.from({ length: Math.floor(until / step) + 1 }, (_, index) => [index * step, value]);

describe('alarms of a stay', () => {
  it('sound at or above the threshold, not below, and not where the signal is unknown', () => {
    const rows = [
      [0, 0.99],
      [60, 1],
      [120, Number.NaN],
      [180, 2],
    ];
    expect(sound(stay(rows, []))).toMatchObject({ alarms: 2, trueAlarms: 0 });
  });

  it('are followed by 30 minutes of silence', () => {
    expect(sound(stay(every(10, 60), [])).alarms).toBe(3);
    expect(sound(stay(every(29, 58), [])).alarms).toBe(2);
    expect(sound(stay(every(30, 60), [])).alarms).toBe(3);
  });

  it('do not sound during an event, nor in the 25 minutes after it', () => {
    const rows = [
      [100, 1],
      [150, 1],
      [184, 1],
      [185, 1],
    ];
    expect(sound(stay(rows, [[100, 160]])).alarms).toBe(1);
  });

  it('do not sound when the stay is about to end', () => {
    expect(sound(stay([[60 * 24 - 5, 1]], [])).alarms).toBe(1);
    expect(sound(stay([[60 * 24 - 4, 1]], [])).alarms).toBe(0);
  });

  it.each([
    [481, 0],
    [480, 1],
    [5, 1],
    [4, 0],
  ])('%i minutes before an event catch %i', (before, caught) => {
    const onset = 600;
    const of = stay(
      [
        [onset - before, 1],
        [onset - 60, 0],
      ].sort((a, b) => a[0] - b[0]),
      [[onset, onset + 60]],
    );
    const result = sound(of);
    expect(result.trueAlarms).toBe(caught);
    expect(result.leads).toEqual(caught === 1 ? [before * MINUTE] : []);
  });

  it('give the lead time of the first alarm in the window', () => {
    const rows = [
      [0, 1],
      [200, 1],
      [500, 1],
    ];
    expect(sound(stay(rows, [[600, 660]]))).toEqual({
      alarms: 3,
      trueAlarms: 2,
      leads: [400 * MINUTE],
      caught: [0],
    });
  });

  it('may catch two events with one alarm', () => {
    const rows = [[0, 1]];
    const events = [
      [60, 70],
      [300, 310],
    ];
    expect(sound(stay(rows, events))).toMatchObject({ alarms: 1, trueAlarms: 1, caught: [0, 1] });
  });
});

describe('events that count', () => {
  it('had an evaluation in the window before them and were not brought in', () => {
    const events = [
      [30, 40],
      [120, 130],
      [1000, 1010],
    ];
    const of = stay([[10, 0]], events);
    expect(catchable(of, HYLAND_RULES, 0)).toEqual([0, 1]);
    expect(catchable(of, HYLAND_RULES, HOUR)).toEqual([1]);
  });
});

describe('figures of a cohort', () => {
  // Planted: three stays of 24 h; events at 10 h in the first two; the first is caught 4 h ahead, the second missed.
  const planted = [
    stay(
      [
        [60, 0],
        [360, 1],
      ],
      [[600, 660]],
    ),
    stay(
      [
        [60, 0],
        [360, 0.2],
      ],
      [[600, 660]],
    ),
    stay(
      [
        [60, 1],
        [900, 1],
        [1200, 1],
      ],
      [],
    ),
  ];

  it('are those planted', () => {
    const figures = alarmFigures(cohortAlarms(monitored(planted), 1, HYLAND_RULES, HOUR));
    expect(figures).toEqual({
      events: 2,
      caught: 1,
      alarms: 4,
      trueAlarms: 1,
      recall: 0.5,
      precision: 0.25,
      falsePerTrue: 3,
      alarmsPerPatientHour: 4 / 72,
      alarmsPerPatientDay: 4 / 3,
      medianLeadHours: 4,
    });
  });

  it('of a resample are those of the stays written out', () => {
    const weights = Uint32Array.of(2, 1, 3);
    const written = planted.flatMap((each, index) => Array(weights[index]).fill(each) as MonitoredStay[]);
    expect(alarmFigures(cohortAlarms(monitored(planted), 0.1, HYLAND_RULES, HOUR), weights)).toEqual(
      alarmFigures(cohortAlarms(monitored(written), 0.1, HYLAND_RULES, HOUR)),
    );
  });

  it('are undefined, not wrong, without events or alarms', () => {
    const figures = alarmFigures(cohortAlarms(monitored(planted.slice(2)), 5, HYLAND_RULES, HOUR));
    expect(figures).toMatchObject({ alarms: 0, recall: NaN, precision: NaN, medianLeadHours: NaN });
  });
});

/** The rules once more, word for word and slowly. */
function slowly({ times, signal, events, end }: MonitoredStay, rules: AlarmRules, threshold: number) {
  const alarms: number[] = [];
  for (let index = 0; index < times.length; index++) {
    const time = times[index];
    const isSilent =
      alarms.some((alarm) => time - alarm < rules.silenceMs) ||
      events.some((event) => event.start <= time && time < event.end + rules.resetMs);
    if (signal[index] >= threshold && !isSilent && time <= end - rules.leastMs) alarms.push(time);
  }
  const within = (alarm: number, onset: number) =>
    onset - alarm >= rules.leastMs && onset - alarm <= rules.horizonMs;
  const seen = events.flatMap(({ start }, index) =>
    times.some((time) => within(time, start)) ? [index] : [],
  );
  const caught = seen.filter((index) => alarms.some((alarm) => within(alarm, events[index].start)));
  return {
    alarms: alarms.length,
    trueAlarms: alarms.filter((alarm) => events.some(({ start }) => within(alarm, start))).length,
    caught,
    leads: caught.map((index) => {
      const first = alarms.find((alarm) => within(alarm, events[index].start))!;
      return events[index].start - first;
    }),
  };
}

describe('for any stay', () => {
  const moments = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 3 })), {
    maxLength: 40,
  });
  const events = fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 90 })), {
    maxLength: 5,
  });

  /** Steps between moments and gaps between events, in minutes, as a stay. */
  const stayOf = (steps: readonly (readonly number[])[], gaps: readonly (readonly number[])[]) => {
    let time = 0;
    const rows = steps.map(([step, value]) => {
      time += step;
      return [time, value];
    });
    let end = 0;
    const spans = gaps.map(([gap, length]) => {
      const start = end + gap;
      end = start + length;
      return [start, end];
    });
    return stay(rows, spans, 40);
  };

  it('alarms are what the rules say, read slowly', () => {
    fc.assert(
      fc.property(moments, events, fc.integer({ min: 0, max: 3 }), (steps, gaps, threshold) => {
        const of = stayOf(steps, gaps);
        expect(sound(of, threshold)).toEqual(slowly(of, HYLAND_RULES, threshold));
      }),
      { numRuns: 500 },
    );
  });

  it('a sweep over thresholds gives the figures of each by itself', () => {
    const ward = fc.array(fc.tuple(moments, events), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(ward, (of) => {
        const stays = of.map(([steps, gaps]) => stayOf(steps, gaps));
        const thresholds = [0, 1, 2, 3, 4];
        const alone = thresholds.map((each) =>
          alarmFigures(cohortAlarms(monitored(stays), each, HYLAND_RULES, HOUR)),
        );
        expect(alarmSweep(monitored(stays), thresholds, HYLAND_RULES, HOUR)).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });
});
