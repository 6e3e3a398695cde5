import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aligner, type AlignmentSink, type AlignOptions } from '../../src/align/aligner.js';
import { hash32, hashOfId, type Result, ResultLog } from '../../src/align/results.js';
import { type PatientTimeline, RunningSummary } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { eventOf, HOUR_MS, labs, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const OPTIONS: AlignOptions = { stepMs: HOUR_MS, steps: 6, minScoreIntervalMs: 0, dedupeWindow: 256 };
const LACTATE = variableIndex('lactate');
const POTASSIUM = variableIndex('potassium');

/** Keeps the row of each step as it was closed last: what the model's cache is made from. */
function silent(): AlignmentSink {
  const nothing = () => undefined;
  return {
    stepClosed: nothing,
    scoreDue: nothing,
    measured: nothing,
    admitted: nothing,
    updated: nothing,
    reopened: nothing,
    discharged: nothing,
    released: nothing,
    acknowledged: nothing,
    judged: nothing,
    rejected: (_, { detail }) => {
      throw new Error(detail);
    },
  };
}

function timelineOf(events: readonly ClinicalEvent[]): PatientTimeline {
  const aligner = new Aligner(OPTIONS, silent());
  for (const event of events) aligner.apply([event]);
  return aligner.patients.get('p1')!.timeline;
}

/** All that features and states are made from: what the steps hold, where they hold anything, their fold, and the episodes. */
function seenIn(timeline: PatientTimeline) {
  const { count, mean, last, lastOffset, summary, openStep } = timeline;
  const cells = [...count].flatMap((n, cell) =>
    n === 0 ? [] : [[cell, n, mean[cell], last[cell], lastOffset[cell]]],
  );
  const folded = [LACTATE, POTASSIUM].map((variable) => {
    const out = new RunningSummary(1);
    out.copy(summary, variable, 0);
    return out.seen[0] === 0 ? null : out;
  });
  timeline.signs.update();
  const episodes = timeline.signs.active().map(({ criterion: { id }, ...episode }) => ({ id, ...episode }));
  return { openStep, cells, folded, episodes };
}

interface Told {
  readonly minute: number;
  readonly observed?: number;
  readonly specimen?: string | null;
  readonly id: string;
}
function lab(
  { minute, observed = minute, specimen = null, id }: Told,
  values: Record<string, number>,
  withdrawn: string[] = [],
) {
  return eventOf(
    'labs',
    labs(values, {
      withdrawn,
      eventTime: START + minute * MINUTE_MS,
      observedAt: START + observed * MINUTE_MS,
      specimenId: specimen,
      messageId: id,
    }),
  );
}
const rate = (minute: number, id = `v${minute}`) =>
  eventOf('vitals', vitals({ heartRate: 80 }, { eventTime: START + minute * MINUTE_MS, messageId: id }));

const result = (more: Partial<Result>): Result => ({
  variable: LACTATE,
  specimen: 0,
  observedAt: START,
  eventTime: START,
  message: 64,
  value: 1,
  ...more,
});

describe('a corrected result', () => {
  const right = [rate(0), lab({ minute: 10, observed: 6, id: 'a' }, { lactate: 1.9, potassium: 4 })];
  const wrong = [rate(0), lab({ minute: 10, observed: 6, id: 'a' }, { lactate: 19, potassium: 9.5 })];
  const correction = lab({ minute: 20, observed: 6, id: 'b' }, { lactate: 1.9, potassium: 4 });

  it('replaces the wrong one in last, mean, least and greatest, also hours later', () => {
    const then = [rate(70), rate(200)];
    expect(seenIn(timelineOf([...wrong, correction, ...then]))).toEqual(
      seenIn(timelineOf([...right, ...then])),
    );
  });

  it('replaces it after its step has closed, and closes the steps behind it anew', () => {
    const closed: number[] = [];
    const aligner = new Aligner(OPTIONS, { ...silent(), stepClosed: (_, step) => closed.push(step) });
    aligner.apply([...wrong, rate(70), rate(130)]);
    closed.length = 0;
    const late = lab({ minute: 140, observed: 6, id: 'b' }, { lactate: 1.9, potassium: 4 });
    aligner.apply([late]);
    expect(closed).toEqual([0, 1]);
    const { timeline } = aligner.patients.get('p1')!;
    expect(seenIn(timeline)).toEqual(seenIn(timelineOf([...right, rate(70), rate(130)])));
  });

  it('is not replaced by the wrong one that comes after it', () => {
    const [first, told] = wrong;
    expect(seenIn(timelineOf([first, correction, rate(70), told]))).toEqual(
      seenIn(timelineOf([...right, rate(70)])),
    );
  });

  it('is told by the specimen where both name one, whatever time of observation they give', () => {
    const at = { observed: 6, specimen: 'S1', id: 'a' };
    const events = [
      lab({ minute: 10, ...at }, { lactate: 19 }),
      lab({ minute: 20, ...at, observed: 8, id: 'b' }, { lactate: 1.9 }),
      lab({ minute: 25, ...at, observed: 8, specimen: 'S2', id: 'c' }, { lactate: 2.4 }),
    ];
    const { count, mean } = timelineOf(events);
    expect(count[LACTATE]).toBe(2);
    expect(mean[LACTATE]).toBeCloseTo((1.9 + 2.4) / 2, 6);
  });

  it('is told by the time of observation where one of them names no specimen', () => {
    const named = lab({ minute: 10, observed: 6, specimen: 'S1', id: 'a' }, { lactate: 19 });
    const { count, last } = timelineOf([named, lab({ minute: 20, observed: 6, id: 'b' }, { lactate: 1.9 })]);
    expect([count[LACTATE], last[LACTATE]]).toEqual([1, Math.fround(1.9)]);
  });

  it('is neither another specimen, nor the same message, nor a vital sign', () => {
    const { count } = timelineOf([
      lab({ minute: 10, id: 'a' }, { lactate: 2 }),
      lab({ minute: 12, id: 'b' }, { lactate: 3 }),
      rate(20, 'x'),
      rate(20, 'y'),
    ]);
    expect([count[LACTATE], count[variableIndex('heartRate')]]).toEqual([2, 2]);
  });

  it('replaces its share of a step that has the variable from elsewhere too', () => {
    const bedside = eventOf(
      'vitals',
      vitals({ potassium: 6 }, { eventTime: START + 5 * MINUTE_MS, messageId: 'x' }),
    );
    const { count, mean, last } = timelineOf([wrong[0], bedside, wrong[1], correction]);
    expect([count[POTASSIUM], last[POTASSIUM]]).toEqual([2, 4]);
    expect(mean[POTASSIUM]).toBeCloseTo(5, 5);
  });
});

describe('a result that is taken back', () => {
  const at = { observed: 6, specimen: 'S1' };
  const told = lab({ minute: 10, ...at, id: 'a' }, { lactate: 19, potassium: 4 });
  const gone = lab({ minute: 20, ...at, id: 'b' }, {}, ['lactate']);
  const right = lab({ minute: 10, ...at, id: 'a' }, { potassium: 4 });
  const then = [rate(70), rate(200)];

  it('is gone from steps, features and states, whichever of the two comes first, also hours later', () => {
    const expected = seenIn(timelineOf([rate(0), right, ...then]));
    expect(seenIn(timelineOf([rate(0), told, gone, ...then]))).toEqual(expected);
    expect(seenIn(timelineOf([rate(0), gone, told, ...then]))).toEqual(expected);
    expect(seenIn(timelineOf([rate(0), told, ...then, gone]))).toEqual(expected);
  });

  it('has a score asked for, since what was foretold with it is wrong', () => {
    const scored: number[] = [];
    const aligner = new Aligner(OPTIONS, { ...silent(), scoreDue: (_, time) => scored.push(time) });
    for (const event of [rate(0), told, gone]) aligner.apply([event]);
    expect(scored.map((time) => (time - START) / MINUTE_MS)).toEqual([0, 10, 20]);
  });

  it('has a value again when a later message gives one', () => {
    const again = lab({ minute: 25, ...at, id: 'c' }, { lactate: 1.9 });
    const expected = lab({ minute: 10, ...at, id: 'a' }, { lactate: 1.9, potassium: 4 });
    expect(seenIn(timelineOf([rate(0), told, gone, again, ...then]))).toEqual(
      seenIn(timelineOf([rate(0), expected, ...then])),
    );
  });

  it('leaves the other values of its step, also those of the bedside', () => {
    const bedside = eventOf(
      'vitals',
      vitals({ lactate: 6 }, { eventTime: START + 5 * MINUTE_MS, messageId: 'x' }),
    );
    const { count, mean } = timelineOf([rate(0), bedside, told, gone]);
    expect([count[LACTATE], mean[LACTATE]]).toEqual([1, 6]);
  });

  it('opens no stay, and is not said to be doubted any more', () => {
    const aligner = new Aligner(OPTIONS, silent());
    aligner.apply([gone]);
    expect(aligner.patients.size).toBe(0);
    const odd = lab({ minute: 10, observed: 6, id: 'a' }, { creatinine: 40 });
    aligner.apply([rate(0), odd]);
    const { trust } = aligner.patients.get('p1')!;
    expect(trust.doubts).toMatchObject([{ variable: variableIndex('creatinine') }]);
    aligner.apply([lab({ minute: 20, observed: 6, id: 'b' }, {}, ['creatinine'])]);
    expect(trust.isClear).toBe(true);
  });

  it('is one, too, whose correction cannot be used', () => {
    const told = lab({ minute: 10, ...at, id: 'a' }, { creatinine: 1 });
    const odd = lab({ minute: 20, ...at, id: 'b' }, { creatinine: 40 });
    expect(timelineOf([rate(0), told, odd]).count[variableIndex('creatinine')]).toBe(0);
  });
});

describe('the log of results', () => {
  it('forgets those of steps that have left the ring, and keeps the rest when it grows', () => {
    const log = new ResultLog();
    for (let index = 0; index < 40; index++) {
      log.add(
        result({ eventTime: START + index, observedAt: START + index, value: index }),
        START + index - 20,
      );
    }
    expect(log.length).toBeLessThan(40);
    const found = log.find(result({ observedAt: START + 39, message: 128 }), START);
    expect(log.at(found).value).toBe(39);
    expect(log.find(result({ observedAt: START + 39, message: 128 }), START + 40)).toBe(-1);
  });

  it('is bounded: of too many the oldest are forgotten', () => {
    const log = new ResultLog();
    for (let index = 0; index < 10_000; index++) {
      log.add(result({ eventTime: START + index, observedAt: START + index }), START);
    }
    expect(log.length).toBeLessThanOrEqual(4096);
    expect(log.find(result({ observedAt: START + 9999, message: 128 }), START)).toBeGreaterThan(0);
  });

  it('hashes ids, and no id to 0', () => {
    expect([hashOfId(null), hashOfId('')]).toEqual([0, 0]);
    expect(hashOfId('S1')).not.toBe(hashOfId('S2'));
    expect(Number.isSafeInteger(hashOfId('S1'))).toBe(true);
  });
});

describe('property: a stream with corrections', () => {
  const told = fc.record({
    specimen: fc.integer({ min: 0, max: 5 }),
    minute: fc.integer({ min: 0, max: 5 * 60 }),
    /** Null: it is taken back. */
    value: fc.option(
      fc.integer({ min: 2, max: 40 }).map((half) => half / 2),
      { freq: 4 },
    ),
    named: fc.boolean(),
  });

  it('ends in the state of one that had the right values from the beginning, in any order of arrival', () => {
    fc.assert(
      fc.property(
        fc.array(told, { minLength: 1, maxLength: 14 }),
        fc.infiniteStream(fc.nat()),
        (all, order) => {
          const messages = all.map(({ specimen, minute, value, named }, index) => {
            const id = `m${String(index).padStart(2, '0')}`;
            // Whether the specimen is named or only its time of observation, it is the same one.
            const which = named ? `S${specimen}` : null;
            return {
              specimen,
              event: lab(
                { minute: minute + 10, observed: specimen, specimen: which, id },
                value === null ? {} : { lactate: value },
                value === null ? ['lactate'] : [],
              ),
            };
          });
          const inOrder = [...messages].sort((a, b) => compareEvents(a.event, b.event));
          const newest = new Map<number, ClinicalEvent>();
          const first = new Map<number, ClinicalEvent>();
          for (const { specimen, event } of inOrder) {
            const before = newest.get(specimen);
            const isTie =
              before?.eventTime === event.eventTime &&
              hash32(before.messageId) >>> 6 > hash32(event.messageId) >>> 6;
            if (!isTie) newest.set(specimen, event);
            if (!first.has(specimen)) first.set(specimen, event);
          }
          const rightAlways = [...first].map(([specimen, event]) => {
            const { variables, values, observedAt } = newest.get(specimen)!;
            return { ...event, variables, values, observedAt, withdrawn: [] };
          }) as ClinicalEvent[];
          const [begin, end] = [rate(0), rate(6 * 60 - 1)];
          const expected = timelineOf([begin, ...rightAlways, end]);
          const shuffled = inOrder
            .map(({ event }) => ({ event, at: order.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ event }) => event);
          for (const events of [inOrder.map(({ event }) => event), shuffled]) {
            const got = timelineOf([begin, ...events, end]);
            expect([...got.count]).toEqual([...expected.count]);
            expect(got.openStep).toBe(expected.openStep);
            got.mean.forEach((mean, cell) => {
              if (got.count[cell] > 0) expect(mean).toBeCloseTo(expected.mean[cell], 4);
            });
          }
          expect(seenIn(timelineOf([begin, ...inOrder.map(({ event }) => event), end]))).toEqual(
            seenIn(expected),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
