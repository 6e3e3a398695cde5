import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  circulatoryFailure,
  hypotension,
  hypoxaemia,
  hypoxaemiaBySpo2,
  type Series,
  ventilationStarts,
} from '../../src/clinical/endpoints.js';
import { CIRCULATORY, FailureNow, HYPOTENSION, RESPIRATORY } from '../../src/clinical/failure-now.js';
import type { Interval } from '../../src/clinical/intervals.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';

const MINUTE = 60_000;
const START = Date.parse('2026-01-05T10:00:00Z');

/** Low pressure and a raised lactate. */
const SHOCK = HYPOTENSION + CIRCULATORY;

type Reading = readonly [minute: number, variable: string, value: number];

/** What is there at each of some minutes, of readings seen as a timeline tells them. */
function course(
  readings: readonly Reading[],
  minutes: readonly number[],
  failure = new FailureNow(),
): number[] {
  return minutes.map((minute) => {
    const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    const ages = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    for (const [at, variable, value] of [...readings].sort((a, b) => a[0] - b[0])) {
      if (at > minute) continue;
      values[variableIndex(variable)] = value;
      ages[variableIndex(variable)] = (minute - at) * MINUTE;
    }
    return failure.see(values, ages, START + minute * MINUTE);
  });
}

/** Readings of one variable up to a minute, as endpoints take them. */
function series(readings: readonly Reading[], variable: string, until: number): Series {
  const rows = readings.filter(([at, id]) => id === variable && at <= until).sort((a, b) => a[0] - b[0]);
  return {
    times: rows.map(([at]) => START + at * MINUTE),
    values: rows.map(([, , value]) => Math.fround(value)),
  };
}

describe('respiratory failure now', () => {
  it('is a ratio below 200 mmHg for six hours, or until a better one', () => {
    const gas: Reading[] = [
      [0, 'fio2', 0.5],
      [10, 'pao2', 99],
    ];
    expect(course(gas, [0, 10, 369, 370])).toEqual([0, RESPIRATORY, RESPIRATORY, 0]);
    const better: Reading[] = [...gas, [60, 'pao2', 100]];
    expect(course(better, [10, 59, 60])).toEqual([RESPIRATORY, RESPIRATORY, 0]);
  });

  it('needs the inspired oxygen, and takes that of the blood gas', () => {
    expect(course([[10, 'pao2', 50]], [10])).toEqual([0]);
    const later: Reading[] = [
      [0, 'fio2', 0.5],
      [10, 'pao2', 99],
      [20, 'fio2', 0.21],
    ];
    expect(course(later, [10, 20, 300])).toEqual([RESPIRATORY, RESPIRATORY, RESPIRATORY]);
  });

  it('is the first hour of ventilation, not all of it', () => {
    const ventilated = Array.from({ length: 5 }, (_, hour): Reading => [30 * hour, 'mechVent', 1]);
    expect(course(ventilated, [0, 30, 59, 60, 120])).toEqual([RESPIRATORY, RESPIRATORY, RESPIRATORY, 0, 0]);
  });

  it('is what the endpoint says of the same chart cut off at that moment', () => {
    const variable = fc.constantFrom('pao2', 'fio2', 'mechVent');
    const reading = fc.tuple(
      fc.integer({ min: 0, max: 2000 }),
      variable,
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(reading, { maxLength: 30, selector: ([at, id]) => `${at} ${id}` }),
        (drawn) => {
          const readings = drawn.map(([at, id, share]): Reading => {
            const value = { pao2: 40 + 100 * share, fio2: 0.21 + 0.79 * share, mechVent: Math.round(share) }[
              id
            ];
            return [at, id, value!];
          });
          const minutes = [...new Set(readings.map(([at]) => at).concat(2100))].sort((a, b) => a - b);
          const seen = course(readings, minutes);
          minutes.forEach((minute, index) => {
            const of = (id: string) => series(readings, id, minute);
            const chart = { pao2: of('pao2'), fio2: of('fio2') };
            const spans = [...hypoxaemia(chart), ...ventilationStarts(of('mechVent'))];
            const now = START + minute * MINUTE;
            const isThere = spans.some(({ start, end }) => start <= now && now < end);
            expect(seen[index]).toBe(isThere ? RESPIRATORY : 0);
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('respiratory failure now, by the oximeter', () => {
  const breathing: Reading[] = [
    [0, 'fio2', 0.5],
    [5, 'spo2', 92],
    [20, 'spo2', 91],
    [35, 'spo2', 90],
  ];

  it('is low SpO2/FiO2 for half an hour where no blood gas of six hours says more', () => {
    expect(course(breathing, [5, 20, 34, 35, 155, 156])).toEqual([0, 0, 0, RESPIRATORY, RESPIRATORY, 0]);
    const gas: Reading[] = [...breathing, [1, 'pao2', 150]];
    expect(course(gas, [1, 5, 20, 35])).toEqual([0, 0, 0, 0]);
    expect(course([...breathing, [40, 'spo2', 98]], [5, 20, 35, 39, 40]).slice(-2)).toEqual([RESPIRATORY, 0]);
  });

  it('is there only where the endpoint, once it knows that the ratio stays low, has it too', () => {
    const reading = fc.tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom('spo2', 'spo2', 'spo2', 'fio2', 'pao2'),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    let known = 0;
    fc.assert(
      fc.property(fc.array(reading, { minLength: 5, maxLength: 30 }), (steps) => {
        let minute = 0;
        const readings: Reading[] = steps.map(([step, id, share]) => {
          minute += step;
          const value = { spo2: 85 + 14 * share, fio2: 0.3 + 0.7 * share, pao2: 110 + 100 * share }[id];
          return [minute, id, value!];
        });
        readings.unshift([0, 'fio2', 0.6]);
        const minutes = readings.map(([at]) => at);
        const seen = course(readings, minutes);
        minutes.forEach((at, index) => {
          const of = (id: string) => series(readings, id, at);
          const gas = { pao2: of('pao2'), fio2: of('fio2') };
          const now = START + at * MINUTE;
          const has = (spans: readonly Interval[]) =>
            spans.some(({ start, end }) => start <= now && now < end);
          if (seen[index] === 0 || has(hypoxaemia(gas))) return;
          known++;
          const { values } = of('fio2');
          const newest = values[values.length - 1];
          const goesOn: Reading[] = [
            ...readings.filter(([when]) => when <= at),
            [at + 1, 'fio2', Math.max(newest, 0.6)],
            [at + 1, 'spo2', 85],
          ];
          const until = (id: string) => series(goesOn, id, at + 1);
          const chart = { pao2: until('pao2'), fio2: until('fio2'), spo2: until('spo2') };
          expect(has(hypoxaemiaBySpo2(chart))).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
    expect(known).toBeGreaterThan(50);
  });
});

describe('circulatory failure now', () => {
  const low: Reading[] = [
    [0, 'mapInvasive', 60],
    [30, 'mapInvasive', 65],
    [40, 'mapInvasive', 64],
  ];

  it('is low pressure for half an hour with a raised lactate of the last three hours', () => {
    const both: Reading[] = [...low, [10, 'lactate', 2]];
    expect(course(both, [0, 10, 29, 30, 40])).toEqual([0, 0, 0, SHOCK, SHOCK]);
    expect(course(low, [40])).toEqual([0]);
  });

  it('ends with a pressure above, with two hours without one, and three hours after the lactate', () => {
    const both: Reading[] = [...low, [10, 'lactate', 2]];
    expect(course([...both, [50, 'mapInvasive', 66]], [0, 30, 40, 49, 50]).slice(-2)).toEqual([SHOCK, 0]);
    expect(course(both, [0, 30, 40, 160, 161]).slice(-2)).toEqual([SHOCK, 0]);
    const lasting: Reading[] = Array.from({ length: 20 }, (_, index) => [15 * index, 'mapInvasive', 60]);
    expect(course([...lasting, [10, 'lactate', 2]], [0, 30, 100, 189, 190]).slice(-2)).toEqual([
      SHOCK,
      HYPOTENSION,
    ]);
  });

  it('is hypotension alone where the lactate is normal or not known', () => {
    expect(course(low, [0, 29, 30, 40])).toEqual([0, 0, HYPOTENSION, HYPOTENSION]);
    expect(course([...low, [10, 'lactate', 1.9]], [0, 30])).toEqual([0, HYPOTENSION]);
  });

  it('takes the cuff where the line is silent for two hours', () => {
    const readings: Reading[] = [
      [0, 'mapInvasive', 90],
      [121, 'mapCuff', 60],
      [160, 'mapCuff', 60],
      [160, 'lactate', 3],
    ];
    expect(course(readings, [0, 121, 160])).toEqual([0, 0, SHOCK]);
  });

  it('is there only where the endpoint, once it knows that the pressure stays low, has it too', () => {
    const reading = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 55, max: 70 }));
    fc.assert(
      fc.property(
        fc.array(reading, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 1, max: 4, noNaN: true }),
        (steps, lactate) => {
          let minute = 0;
          const readings: Reading[] = steps.map(([step, value]) => {
            minute += step;
            return [minute, 'mapInvasive', value];
          });
          const all: Reading[] = [...readings, [0, 'lactate', lactate]];
          const minutes = readings.map(([at]) => at);
          const seen = course(all, minutes);
          minutes.forEach((at, index) => {
            if (seen[index] === 0) return;
            const goesOn: Reading[] = [
              ...readings.filter(([when]) => when <= at),
              [at + 1, 'mapInvasive', 60],
            ];
            const chart = { map: series(goesOn, 'mapInvasive', at + 1), lactate: series(all, 'lactate', at) };
            const now = START + at * MINUTE;
            const has = (spans: readonly Interval[]) =>
              spans.some(({ start, end }) => start <= now && now < end);
            expect(has(hypotension(chart.map))).toBe(true);
            expect(has(circulatoryFailure(chart))).toBe((seen[index] & CIRCULATORY) !== 0);
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});

it('goes on from its state as JSON', () => {
  const readings: Reading[] = [
    [0, 'fio2', 0.5],
    [10, 'pao2', 80],
    [20, 'mechVent', 1],
    [30, 'lactate', 4],
    [30, 'mapInvasive', 60],
    [70, 'mapInvasive', 61],
  ];
  const minutes = [0, 10, 20, 30, 70, 100, 190, 191, 371];
  const whole = course(readings, minutes);
  expect(new Set(whole).size).toBeGreaterThan(2);
  for (let cut = 0; cut <= minutes.length; cut++) {
    const before = new FailureNow();
    const first = course(readings, minutes.slice(0, cut), before);
    const after = new FailureNow();
    after.restore(JSON.parse(JSON.stringify(before)));
    expect([...first, ...course(readings, minutes.slice(cut), after)]).toEqual(whole);
  }
});
