import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, type Reading, SIGNS, type SignId } from '../../src/clinical/signs.js';
import {
  CRITERIA,
  type Criterion,
  type Episode,
  judge,
  noEpisode,
  presentAt,
  type StateChange,
  settle,
} from '../../src/clinical/state.js';
import { VARIABLE_COUNT, VARIABLES, variableIndex } from '../../src/clinical/variables.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = Date.parse('2026-01-05T10:00:00Z');

function criterion(id: string): Criterion {
  return CRITERIA.find((each) => each.id === id)!;
}

/** A sign read from values that are so many minutes old. */
function read(
  sign: SignId,
  charted: Readonly<Record<string, readonly [value: number, minutesOld: number]>>,
  asked: Partial<Asked> = {},
) {
  const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
  const ages = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
  for (const [id, [value, minutesOld]] of Object.entries(charted)) {
    values[variableIndex(id)] = value;
    ages[variableIndex(id)] = minutesOld * MINUTE_MS;
  }
  return SIGNS[sign].read(values, ages, NOW, { direction: 'low', best: Number.NaN, spoke: -1, ...asked });
}

/** What becomes of a criterion whose sign has these values at these minutes, seen until `end`; times in minutes. */
function course(id: string, readings: readonly (readonly [minute: number, value: number])[], end: number) {
  const episode = noEpisode();
  const changes: [string, number][] = [];
  const pass = (now: number) => {
    const change = settle(episode, criterion(id), now);
    if (change !== null) changes.push([change.kind, change.at / MINUTE_MS]);
  };
  for (const [minute, value] of readings) {
    pass(minute * MINUTE_MS);
    judge(episode, criterion(id), { value, at: minute * MINUTE_MS, variable: 0 });
  }
  pass(end * MINUTE_MS);
  return { changes, episode };
}

describe('criteria', () => {
  it('have one id each, a source, and a limit to begin beyond the one to end', () => {
    expect(new Set(CRITERIA.map(({ id }) => id)).size).toBe(CRITERIA.length);
    for (const { id, source, direction, limit, endLimit } of CRITERIA) {
      expect([id, source.length > 0]).toEqual([id, true]);
      expect([id, direction === 'low' ? endLimit > limit : endLimit < limit]).toEqual([id, true]);
    }
  });

  it('lie within what their sign can be', () => {
    for (const { id, sign, limit, endLimit } of CRITERIA) {
      const variable = VARIABLES.find((each) => each.id === sign);
      if (variable === undefined) continue;
      const [low, high] = variable.plausible;
      expect([id, limit >= low && limit < high && endLimit > low && endLimit < high]).toEqual([id, true]);
      expect([id, SIGNS[sign].unit]).toEqual([id, variable.unit]);
    }
  });
});

describe('an episode', () => {
  it('begins when two values at the limit span ten minutes, and not before', () => {
    expect(
      course(
        'hypotension',
        [
          [0, 65],
          [9, 60],
        ],
        9.9,
      ).changes,
    ).toEqual([]);
    expect(
      course(
        'hypotension',
        [
          [0, 65],
          [10, 60],
        ],
        10,
      ).changes,
    ).toEqual([['began', 10]]);
  });

  it('begins when one value stands unreplaced for ten minutes', () => {
    expect(course('bradycardia', [[0, 38]], 600).changes).toEqual([['began', 10]]);
  });

  const began = (...readings: readonly (readonly [minute: number, value: number])[]) =>
    course('hypotension', readings, 60).changes;

  it('does not begin where values beyond the other limit stand for two minutes, or one does', () => {
    expect(began([0, 50], [5, 72], [7, 50], [8, 72])).toEqual([]);
    expect(began([0, 50], [5, 72], [6, 75], [7, 50], [8, 72])).toEqual([]);
    expect(began([0, 50], [5, 72], [7, 50])).toEqual([['began', 17]]);
    expect(began([0, 50], [5, 72])).toEqual([]);
  });

  it('begins although a value beyond the other limit came between, for a shorter time', () => {
    expect(began([0, 50], [5, 72], [6.9, 50])).toEqual([['began', 10]]);
    expect(began([0, 50], [5, 72], [6, 67], [7, 72], [8, 50])).toEqual([['began', 10]]);
    expect(began([0, 50], [8, 50], [9, 72], [10.5, 50])).toEqual([['began', 10.5]]);
  });

  it('is not begun or prevented by values between the limits', () => {
    expect(began([0, 50], [1, 66], [9.5, 67], [10, 66])).toEqual([]);
    expect(began([0, 50], [1, 66], [9.5, 67], [10, 65], [11, 66])).toEqual([['began', 10]]);
    expect(began([0, 50], [1, 66], [8, 64], [9, 66], [18, 65])).toEqual([['began', 18]]);
  });

  it('begins anew where no value met it for ten minutes', () => {
    expect(began([0, 50], [1, 66], [10.1, 65], [11, 66])).toEqual([]);
    expect(began([0, 50], [1, 66], [10.1, 65])).toEqual([['began', 20.1]]);
  });

  it('begins by the first bad value after ten minutes however its sign spikes, if no spike is as long as two minutes', () => {
    const second = MINUTE_MS / 1000;
    const part = fc.record({
      bad: fc.integer({ min: 1, max: 540 }),
      spike: fc.integer({ min: 1, max: 119 }),
      step: fc.integer({ min: 1, max: 90 }),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 12, maxLength: 24 }), (parts) => {
        const readings: [number, number][] = [];
        let at = 0;
        for (const { bad, spike, step } of parts) {
          for (let passed = 0; passed < bad; passed += step) readings.push([(at + passed) / second, 55]);
          at += bad;
          for (let passed = 0; passed < spike; passed += step) readings.push([(at + passed) / second, 95]);
          at += spike;
        }
        // The last value before stands at ten minutes, or a bad one comes later.
        const stands = readings.filter(([minute]) => minute < 10).at(-1)!;
        const next = readings.find(([minute, value]) => minute >= 10 && value === 55);
        const expected = stands[1] === 55 ? 10 : next![0];
        expect(course('hypotension', readings, at / second).changes[0]).toEqual(['began', expected]);
      }),
    );
  });

  it('begins at once for a result of the laboratory', () => {
    expect(course('potassium-high', [[3, 6.5]], 3).changes).toEqual([['began', 3]]);
  });

  it('ends where values stay beyond the other limit for as long', () => {
    const low: [number, number][] = [
      [0, 60],
      [10, 60],
    ];
    expect(course('hypotension', [...low, [20, 68]], 60).changes).toEqual([['began', 10]]);
    expect(course('hypotension', [...low, [20, 75], [25, 64], [30, 75]], 39).changes).toEqual([
      ['began', 10],
    ]);
    expect(course('hypotension', [...low, [20, 75]], 60).changes).toEqual([
      ['began', 10],
      ['ended', 30],
    ]);
  });

  it('ends where a tube accounts for the value', () => {
    const episode = noEpisode();
    const coma = criterion('coma');
    judge(episode, coma, { value: 6, at: 0, variable: 0 });
    settle(episode, coma, 20 * MINUTE_MS);
    judge(episode, coma, { value: 6, at: 20 * MINUTE_MS, variable: 0, isExcused: true });
    expect([episode.phase, episode.until]).toEqual(['ending', 20 * MINUTE_MS]);
    const early = noEpisode();
    judge(early, coma, { value: 6, at: 0, variable: 0 });
    judge(early, coma, { value: 6, at: MINUTE_MS, variable: 0, isExcused: true });
    expect(settle(early, coma, HOUR_MS)).toBeNull();
    judge(early, coma, { value: 6, at: HOUR_MS, variable: 0, isExcused: true });
    expect(early.phase).toBe('absent');
  });

  it('goes on where nothing more is known', () => {
    expect(course('hypotension', [[0, 60]], 10_000).episode.phase).toBe('present');
  });

  it('is the same however often time is told, and over a copy of its state', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 40, max: 90 })), {
      minLength: 1,
      maxLength: 40,
    });
    const ticks = fc.array(fc.integer({ min: 0, max: 480 }), { maxLength: 60 });
    fc.assert(
      fc.property(values, ticks, (steps, extra) => {
        let at = 0;
        const readings = steps.map(([gap, value]) => {
          at += gap;
          return { value, at: at * MINUTE_MS, variable: 0 };
        });
        const end = (at + 30) * MINUTE_MS;
        expect(run(readings, extra, end)).toEqual(run(readings, [], end));
      }),
    );
  });
});

function run(readings: readonly Reading[], ticks: readonly number[], end: number): StateChange[] {
  let episode: Episode = noEpisode();
  const moments = [...readings, ...ticks.map((minute) => ({ at: minute * MINUTE_MS }))].sort(
    (a, b) => a.at - b.at,
  );
  const changes: StateChange[] = [];
  for (const moment of [...moments, { at: end }]) {
    episode = { ...episode };
    const change = settle(episode, criterion('hypotension'), moment.at);
    if (change !== null) changes.push(change);
    if ('value' in moment) judge(episode, criterion('hypotension'), moment);
  }
  return changes;
}

describe('a sign', () => {
  const CUFF = variableIndex('mapCuff');

  it('of pressure is the line’s where line and cuff agree, as of the newer of them, or where the line speaks alone', () => {
    const agreed = read('map', { mapInvasive: [80, 4], mapCuff: [70, 1] });
    expect(agreed).toMatchObject({ value: 80, at: NOW - MINUTE_MS, variable: variableIndex('mapInvasive') });
    expect(read('map', { mapInvasive: [80, 1], mapCuff: [70, 300] })).toMatchObject({
      value: 80,
      at: NOW - MINUTE_MS,
    });
    expect(read('sbp', { sbpInvasive: [95, 1], sbpCuff: [80, 0] })?.value).toBe(95);
  });

  it('of pressure is the worse of line and cuff where they do not agree, if it is the newer', () => {
    expect(read('map', { mapInvasive: [85, 1], mapCuff: [52, 0] })).toMatchObject({ value: 52, at: NOW });
    expect(read('map', { mapInvasive: [85, 0], mapCuff: [52, 0] })?.value).toBe(52);
    expect(read('map', { mapInvasive: [85, 0], mapCuff: [52, 1] })?.value).toBe(85);
    // A lower line goes on speaking, whatever a cuff says beside it.
    expect(read('map', { mapInvasive: [52, 4], mapCuff: [85, 0] })).toMatchObject({ value: 52 });
    // Of a high pressure the worse is the higher.
    const both = { sbpInvasive: [150, 1], sbpCuff: [225, 0] } as const;
    expect(read('sbp', both)?.value).toBe(150);
    expect(read('sbp', both, { direction: 'high' })?.value).toBe(225);
  });

  it('of pressure is that of a cuff that spoke for 65 minutes, whatever a higher line says', () => {
    const later = (minutes: number, spoke: number, line = 85) =>
      read('map', { mapInvasive: [line, 0], mapCuff: [52, minutes] }, { spoke })?.value;
    expect([later(1, CUFF), later(65, CUFF), later(66, CUFF)]).toEqual([52, 52, 85]);
    expect(later(1, variableIndex('mapInvasive'))).toBe(85);
    expect(later(1, CUFF, 50)).toBe(50);
  });

  it('of pressure is the cuff’s where the line is silent', () => {
    expect(read('map', { mapInvasive: [80, 180], mapCuff: [90, 1] })?.value).toBe(90);
    expect(read('map', { mapInvasive: [80, 300], mapCuff: [90, 1] })?.value).toBe(90);
    expect(read('map', { mapCuff: [50, 1] })).toMatchObject({ value: 50, at: NOW - MINUTE_MS });
    expect(read('map', { mapInvasive: [50, 241], mapCuff: [50, 241] })).toBeNull();
  });

  it('is unknown where its value is too old', () => {
    expect(read('map', { mapInvasive: [50, 241] })).toBeNull();
    expect(read('potassium', { potassium: [7, 25 * 60] })).toBeNull();
    expect(read('heartRate', {})).toBeNull();
  });

  it('of oxygenation is unknown without the inspired oxygen', () => {
    expect(read('oxygenation', { pao2: [60, 5] })).toBeNull();
    expect(read('oxygenation', { pao2: [60, 5], fio2: [0.5, (4 * HOUR_MS) / MINUTE_MS + 1] })).toBeNull();
    expect(read('oxygenation', { pao2: [60, 5], fio2: [0.5, 30] })?.value).toBe(120);
  });

  it('of a fall is told from the best of its history', () => {
    const fall = (minutesOld: number) => read('gcsFall', { gcs: [11, minutesOld] }, { best: 14 });
    expect(fall(1)).toMatchObject({ value: 3, at: NOW - MINUTE_MS });
    expect(fall(241)).toBeNull();
  });

  it('of consciousness is excused by a tube, from when that is charted', () => {
    const tube = (minutesOld: number, isIn = 1) =>
      read('gcs', { gcs: [6, 20], mechVent: [isIn, minutesOld] })!;
    expect(tube(5)).toMatchObject({ value: 6, at: NOW - 5 * MINUTE_MS, isExcused: true });
    expect(tube(30)).toMatchObject({ at: NOW - 20 * MINUTE_MS, isExcused: true });
    // It is charted once a shift.
    expect(tube(720)).toMatchObject({ isExcused: true });
    expect(tube(721)).toEqual({ value: 6, at: NOW - 20 * MINUTE_MS, variable: variableIndex('gcs') });
    expect(tube(5, 0)).toEqual(tube(721));
    expect(read('gcsFall', { gcs: [6, 20], mechVent: [1, 5] }, { best: 15 })?.isExcused).toBe(true);
  });

  it('of consciousness is told by ACVPU where nothing is responded to, until that or the Glasgow Coma Scale says otherwise', () => {
    const ACVPU = variableIndex('acvpu');
    const unresponsive = { value: 3, at: NOW - MINUTE_MS, variable: ACVPU };
    expect(read('gcs', { acvpu: [4, 1] })).toEqual(unresponsive);
    expect(read('gcs', { acvpu: [4, 1], gcs: [14, 2] })).toEqual(unresponsive);
    expect(read('gcs', { acvpu: [4, 1], gcs: [14, 1] })?.value).toBe(14);
    expect([read('gcs', { acvpu: [4, 241] }), read('gcs', { acvpu: [2.5, 1] })]).toEqual([null, null]);
    expect(read('gcs', { acvpu: [4, 1], mechVent: [1, 30] })).toEqual({ ...unresponsive, isExcused: true });
    const awake = { acvpu: [0, 1], gcs: [7, 2] } as const;
    expect(read('gcs', awake, { spoke: ACVPU })?.value).toBe(15);
    expect(read('gcs', awake)?.value).toBe(7);
    expect(read('gcs', { acvpu: [3, 1], gcs: [7, 2] }, { spoke: ACVPU })).toBeNull();
  });

  it('of oxygenation is told from SpO2 of at most 97 % where no gas is newer: S/F 235 is P/F 200', () => {
    expect(read('oxygenation', { spo2: [94, 1], fio2: [0.4, 1] })?.value).toBeCloseTo(200, 3);
    const gasIsNewer = read('oxygenation', { spo2: [94, 10], pao2: [100, 5], fio2: [0.4, 1] });
    expect(gasIsNewer?.value).toBeCloseTo(250, 3);
  });

  it('of oxygenation is no longer what a low SpO2 said once a newer one is above 97 %; a gas stands beside that', () => {
    const SPO2 = variableIndex('spo2');
    const over = { at: NOW - MINUTE_MS, variable: SPO2, isExcused: true };
    expect(read('oxygenation', { spo2: [98, 1], fio2: [0.4, 1] })).toMatchObject(over);
    const gasBefore = { spo2: [98, 1], pao2: [60, 30], fio2: [0.4, 1] } as const;
    expect(read('oxygenation', gasBefore, { spoke: SPO2 })).toMatchObject(over);
    expect(read('oxygenation', gasBefore)).toMatchObject({
      at: NOW - 30 * MINUTE_MS,
      variable: variableIndex('pao2'),
    });
    const oldGas = { ...gasBefore, pao2: [60, 241] } as const;
    expect(read('oxygenation', oldGas, { spoke: variableIndex('pao2') })).toMatchObject(over);
  });
});

describe('states that are there', () => {
  it('are told with the newest value, since when, and by which variable, as time alone has made them', () => {
    const since = NOW - 5 * MINUTE_MS;
    const times = { since, until: Number.NaN, metAt: NOW, readAt: NOW };
    const pending = { phase: 'pending' as const, ...times, value: 61 };
    const episode = { ...pending, criterion: criterion('hypotension'), variable: variableIndex('mapCuff') };
    expect(presentAt([episode], since + 10 * MINUTE_MS - 1)).toEqual([]);
    expect(presentAt([episode], since + 10 * MINUTE_MS)).toEqual([
      {
        criterion: 'hypotension',
        label: 'Low mean pressure',
        grade: 'failing',
        sign: 'map',
        value: 61,
        unit: 'mm[Hg]',
        since,
        at: NOW,
        variable: 'mapCuff',
      },
    ]);
    const ending = { ...episode, phase: 'ending' as const, until: NOW };
    expect(presentAt([ending], NOW + 10 * MINUTE_MS - 1)).toHaveLength(1);
    expect(presentAt([ending], NOW + 10 * MINUTE_MS)).toEqual([]);
  });
});
