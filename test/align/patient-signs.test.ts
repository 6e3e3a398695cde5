import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientSigns } from '../../src/align/patient-signs.js';
import { criteriaOf, USUAL_CRITERIA } from '../../src/clinical/baselines.js';
import { SIGN_IDS, SIGNS } from '../../src/clinical/signs.js';
import { type ActiveEpisode, type Episode, judge, noEpisode, settle } from '../../src/clinical/state.js';
import { VARIABLE_COUNT, VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import { HOUR_MS, START } from '../helpers.js';

const MINUTE_MS = 60_000;

/** A value of a variable at a minute. */
interface Charted {
  readonly id: string;
  readonly minute: number;
  readonly value: number;
}

const at = (minute: number) => START + minute * MINUTE_MS;

function record(signs: PatientSigns, { id, minute, value }: Charted): void {
  signs.record(variableIndex(id), value, at(minute), at(minute));
}

/** The episodes as they are told: which, where they stand, since and until when in minutes, the value. */
function told(episodes: readonly ActiveEpisode[]) {
  const minutes = (time: number) => (time - START) / MINUTE_MS;
  return episodes.map(({ criterion, phase, since, until, readAt, value, variable }) => {
    return [
      criterion.id,
      phase,
      minutes(since),
      minutes(until),
      minutes(readAt),
      value,
      VARIABLES[variable].id,
    ];
  });
}

/**
 * The same without any of it: every value in order, every sign read at the moment of each of its values. What a nurse with a list of
 * values and a list of criteria would find.
 */
function byHand(charted: readonly Charted[]) {
  const episodes = SIGN_IDS.map((_, place) => USUAL_CRITERIA.bySign[place].map((): Episode => noEpisode()));
  const inOrder = [...charted].sort((a, b) => a.minute - b.minute);
  for (const minute of new Set(inOrder.map((each) => each.minute))) {
    const known = inOrder.filter((each) => each.minute <= minute);
    SIGN_IDS.forEach((id, place) => {
      const { variables, historyMs, read } = SIGNS[id];
      const own = known.filter((each) => variables.includes(variableIndex(each.id)));
      if (!own.some((each) => each.minute === minute)) return;
      const values = new Float64Array(VARIABLE_COUNT).fill(Number.NaN);
      const ages = new Float64Array(VARIABLE_COUNT).fill(Number.NaN);
      for (const { id: name, minute: when, value } of own) {
        values[variableIndex(name)] = value;
        ages[variableIndex(name)] = (minute - when) * MINUTE_MS;
      }
      USUAL_CRITERIA.bySign[place].forEach((criterion, index) => {
        const episode = episodes[place][index];
        settle(episode, criterion, at(minute));
        const from = (episode.phase === 'absent' ? at(minute) : episode.since) - historyMs;
        const compared = own.filter(
          (each) => variableIndex(each.id) === variables[0] && at(each.minute) > from,
        );
        const best = Math.max(...compared.map(({ value }) => value));
        const { direction } = criterion;
        const reading = read(values, ages, at(minute), { direction, best, spoke: episode.variable });
        if (reading !== null) judge(episode, criterion, reading);
      });
    });
  }
  const active = SIGN_IDS.flatMap((_, place) =>
    USUAL_CRITERIA.bySign[place].map((criterion, index) => ({ criterion, ...episodes[place][index] })),
  );
  return active.filter(({ phase }) => phase !== 'absent');
}

/** Values about the limits of their criteria, at most one of a variable a minute. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  mapInvasive: [48, 74],
  mapCuff: [48, 74],
  heartRate: [36, 48],
  spo2: [82, 98],
  fio2: [0.21, 1],
  pao2: [40, 120],
  gcs: [8, 15],
  potassium: [5, 7],
  glucose: [30, 80],
};
const charted = fc.constantFrom(...Object.keys(RANGES)).chain((id) =>
  fc
    .tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 100 }))
    .map(([minute, share]): Charted => {
      const [low, high] = RANGES[id];
      return { id, minute, value: low + (share / 100) * (high - low) };
    }),
);
const courses = fc.uniqueArray(charted, {
  minLength: 1,
  maxLength: 120,
  selector: ({ id, minute }) => `${id} ${minute}`,
});

/** How many levels there are of what is charted beside the Glasgow Coma Scale. */
const LEVELS: Readonly<Record<string, number>> = { mechVent: 2, acvpu: 5 };

/** At most so many minutes out of order: less than the window of any sign. */
const LATE = 55;

describe('signs of a patient', () => {
  it('are told the same of values in any order, judged at any time, over any number of restarts', () => {
    const disorder = fc.array(fc.integer({ min: 0, max: LATE }), { minLength: 120, maxLength: 120 });
    const looks = fc.array(fc.constantFrom('look', 'restart', 'go on'), { minLength: 120, maxLength: 120 });
    fc.assert(
      fc.property(courses, disorder, looks, (course, delays, at) => {
        const arriving = course
          .map((each, index) => ({ each, when: each.minute + delays[index] }))
          .sort((a, b) => a.when - b.when);
        let signs = new PatientSigns();
        arriving.forEach(({ each }, index) => {
          record(signs, each);
          if (at[index] === 'go on') return;
          signs.update();
          if (at[index] === 'look') return;
          const kept = signs.toArray();
          signs = new PatientSigns();
          signs.restore(kept);
        });
        signs.update();
        expect(told(signs.active())).toEqual(told(byHand(course)));
      }),
      { numRuns: 300 },
    );
  });

  it('are told the same of days of consciousness, with values that come late, are corrected or taken back', () => {
    const points = fc.record({
      gap: fc.integer({ min: 1, max: 400 }),
      id: fc.constantFrom('gcs', 'gcs', 'mechVent', 'acvpu'),
      value: fc.constantFrom(15, 15, 14, 13, 9, 8, 5, 3),
      delay: fc.integer({ min: 0, max: LATE }),
      wrong: fc.constantFrom('no', 'no', 'another value', 'another time'),
      look: fc.constantFrom('look', 'restart', 'go on'),
    });
    fc.assert(
      fc.property(fc.array(points, { minLength: 20, maxLength: 70 }), (all) => {
        let minute = LATE;
        const course: Charted[] = [];
        const doing: { when: number; act: (signs: PatientSigns) => void }[] = [];
        for (const { gap, id, value, delay, wrong } of all) {
          minute += gap;
          const right = { id, minute, value: id === 'gcs' ? value : value % LEVELS[id] };
          course.push(right);
          if (wrong === 'another value')
            doing.push({
              when: minute,
              act: (signs) => record(signs, { ...right, value: id === 'gcs' ? 3 : 1 }),
            });
          if (wrong === 'another time') {
            // Half a minute from any other value.
            const false3 = { ...right, minute: minute - 0.5 };
            doing.push({ when: minute, act: (signs) => record(signs, false3) });
            doing.push({
              when: minute + delay,
              act: (signs) => signs.takeBack(variableIndex(id), at(false3.minute)),
            });
          }
          doing.push({ when: minute + delay, act: (signs) => record(signs, right) });
        }
        doing.sort((a, b) => a.when - b.when);
        let signs = new PatientSigns();
        doing.forEach(({ act }, index) => {
          act(signs);
          const { look } = all[index % all.length];
          if (look === 'go on') return;
          signs.update();
          if (look === 'look') return;
          const kept = signs.toArray();
          signs = new PatientSigns();
          signs.restore(kept);
        });
        signs.update();
        expect(told(signs.active())).toEqual(told(byHand(course)));
      }),
      { numRuns: 100 },
    );
  });

  it('are told the same of a long stay, of which only the last hours are kept', () => {
    const course = Array.from({ length: 3000 }, (_, minute): Charted => {
      return { id: 'mapInvasive', minute, value: minute % 97 < 30 ? 60 : 75 };
    });
    const signs = new PatientSigns();
    for (const each of course) {
      record(signs, each);
      signs.update();
    }
    expect(told(signs.active())).toEqual(told(byHand(course.slice(2900))));
    expect(signs.toArray().length).toBeLessThan(300);
  });

  it('change with a value that comes late: the state began earlier, or never', () => {
    const signs = new PatientSigns();
    const phases = () => told(signs.active()).map(([id, phase, since]) => [id, phase, since]);
    record(signs, { id: 'heartRate', minute: 20, value: 38 });
    record(signs, { id: 'heartRate', minute: 31, value: 37 });
    expect(signs.update()).toBe(true);
    expect(phases()).toEqual([['bradycardia', 'present', 20]]);
    record(signs, { id: 'heartRate', minute: 10, value: 39 });
    expect(signs.update()).toBe(true);
    expect(phases()).toEqual([['bradycardia', 'present', 10]]);
    for (const minute of [15, 25, 30]) record(signs, { id: 'heartRate', minute, value: 80 });
    expect(signs.update()).toBe(true);
    expect(phases()).toEqual([['bradycardia', 'pending', 31]]);
    expect(signs.update()).toBe(false);
  });

  it('change with a result that is taken back', () => {
    const signs = new PatientSigns();
    record(signs, { id: 'potassium', minute: 3, value: 7 });
    signs.update();
    expect(signs.active()).toMatchObject([{ phase: 'pending', since: at(3), value: 7 }]);
    signs.takeBack(variableIndex('potassium'), at(3));
    expect(signs.update()).toBe(true);
    expect(signs.active()).toEqual([]);
  });

  it('leave out a value that was told when it was too old to say anything', () => {
    const signs = new PatientSigns();
    const told = (id: string, hours: number) =>
      signs.record(variableIndex(id), id === 'potassium' ? 7 : 38, START, START + hours * HOUR_MS);
    told('potassium', 25);
    told('heartRate', 4.1);
    expect(signs.hasNews).toBe(false);
    told('potassium', 24);
    told('heartRate', 4);
    signs.update();
    expect(signs.active()).toHaveLength(2);
  });

  it('are judged anew by the values there are where the criteria have changed, also over a restart', () => {
    const slow = criteriaOf({ heartRateLow: 35 });
    const signs = new PatientSigns();
    for (const minute of [0, 12]) record(signs, { id: 'heartRate', minute, value: 38 });
    signs.update();
    expect(signs.active()).toHaveLength(1);
    const again = new PatientSigns();
    again.restore(signs.toArray());
    again.update(slow);
    expect(again.active()).toEqual([]);
    again.update(USUAL_CRITERIA);
    expect(told(again.active())).toEqual(told(signs.active()));
  });

  it('of which something else was kept are refused', () => {
    expect(() => new PatientSigns().restore(Float64Array.of(1, 99))).toThrow(RangeError);
    expect(() => new PatientSigns().restore(Float64Array.of(1, 0, 0, 0, 5))).toThrow(RangeError);
  });
});
