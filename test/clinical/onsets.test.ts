import { describe, expect, it } from 'vitest';
import { hypoxaemiaBySpo2 } from '../../src/clinical/endpoints.js';
import { type Charts, type OnsetId, onsetsOf } from '../../src/clinical/onsets.js';
import { Random } from '../../src/simulate/random.js';

const HOUR = 3_600_000;
const NONE = { times: [], values: [] };
const EMPTY: Charts = {
  mapInvasive: NONE,
  mapCuff: NONE,
  lactate: NONE,
  pao2: NONE,
  spo2: NONE,
  fio2: NONE,
  mechVent: NONE,
};

/** A series from [hour, value] pairs. */
function series(...rows: readonly (readonly [hour: number, value: number])[]) {
  return { times: rows.map(([hour]) => hour * HOUR), values: rows.map(([, value]) => value) };
}
/** Onsets as [start, end, order, by], in hours. */
function onsets(id: OnsetId, charts: Partial<Charts>, admittedAt = 0) {
  return onsetsOf(id, { ...EMPTY, ...charts }, admittedAt).map(({ start, end, order, by }) => [
    start / HOUR,
    end / HOUR,
    order,
    by,
  ]);
}
const low = (...hours: readonly number[]) =>
  hours.flatMap((hour) => [[hour, 60] as const, [hour + 1, 60] as const]);
const high = (...hours: readonly number[]) => hours.map((hour) => [hour, 80] as const);

describe('hypotension as an onset', () => {
  it('counts without a lactate, where the published definition has none', () => {
    const mapCuff = series(...high(0, 1), ...low(5), ...high(7));
    expect(onsets('hypotension', { mapCuff })).toEqual([[5, 7, 'first', 'pressure']]);
    expect(onsets('circulatory', { mapCuff })).toEqual([]);
    expect(onsets('circulatory', { mapCuff, lactate: series([6, 3]) })).toEqual([
      [5, 7, 'first', 'pressure and lactate'],
    ]);
  });

  it('that begins within an hour was brought in, and what follows is a recurrence', () => {
    const mapCuff = series([0.5, 60], [1.5, 60], [2, 80], [11, 60], [12, 60], [13, 80]);
    expect(onsets('hypotension', { mapCuff }).map(([, , order]) => order)).toEqual(['arrival', 'recurrence']);
  });

  it('that is there at the first reading was brought in, however late that is', () => {
    const mapCuff = series([2, 60], [3, 60], [4, 80]);
    expect(onsets('hypotension', { mapCuff })).toEqual([[2, 4, 'arrival', 'pressure']]);
    const before = series([1.5, 80], [2, 60], [3, 60], [4, 80]);
    expect(onsets('hypotension', { mapCuff: before })).toEqual([[2, 4, 'first', 'pressure']]);
  });

  it('again within eight hours is one event, later a recurrence', () => {
    const twice = (second: number) =>
      onsets('hypotension', {
        mapCuff: series(...high(0), ...low(2), ...high(4), ...low(second), [second + 2, 80]),
      });
    expect(twice(11)).toEqual([[2, 13, 'first', 'pressure']]);
    expect(twice(12).map(([start, , order]) => [start, order])).toEqual([
      [2, 'first'],
      [12, 'recurrence'],
    ]);
  });

  it('is counted from the admission, not from the first value', () => {
    const mapCuff = series([100.2, 80], [100.5, 60], [101.5, 60], [102, 80]);
    expect(onsets('hypotension', { mapCuff }, 100 * HOUR)[0][2]).toBe('arrival');
    expect(onsets('hypotension', { mapCuff }, 90 * HOUR)[0][2]).toBe('first');
  });
});

describe('ventilation as an onset', () => {
  const first = (hour: number) => onsets('respiratory', { mechVent: series([hour, 1], [hour + 1, 1]) });

  it('is none for those who come ventilated or are within four hours', () => {
    expect(first(0)).toEqual([]);
    expect(first(3.9)).toEqual([]);
    expect(first(4)).toEqual([[4, 5, 'first', 'ventilation']]);
  });

  it('begins again after it was charted as off', () => {
    const mechVent = series([1, 1], [10, 0], [20, 1]);
    expect(onsets('respiratory', { mechVent })).toEqual([[20, 21, 'first', 'ventilation']]);
  });
});

describe('hypoxaemia as an onset', () => {
  const fio2 = series([0, 0.5], [4, 0.5], [8, 0.5], [12, 0.5]);

  it('is by PaO2/FiO2; crossing 200 again and again is one event', () => {
    const pao2 = series([2, 120], [4, 90], [5, 110], [6, 95], [8, 130]);
    expect(onsets('respiratory', { fio2, pao2 })).toEqual([[4, 8, 'first', 'PaO2/FiO2']]);
  });

  it('is by SpO2/FiO2 below 235 for 30 minutes where there is no blood gas', () => {
    // 117.5 % would be the limit at an FiO2 of 0.5: every SpO2 up to 97 is below it.
    expect(onsets('respiratory', { fio2, spo2: series([2, 99], [3, 92], [4, 91], [5, 99]) })).toEqual([
      [3, 5, 'first', 'SpO2/FiO2'],
    ]);
    expect(onsets('respiratory', { fio2, spo2: series([2, 99], [3, 92], [4, 99]) })).toEqual([]);
    const less = series([0, 0.4], [4, 0.4]);
    // 0.4 × 235 = 94: 94 is not below.
    expect(onsets('respiratory', { fio2: less, spo2: series([3, 94], [4, 94]) })).toEqual([]);
    expect(onsets('respiratory', { fio2: less, spo2: series([3, 93], [4, 93], [5, 95]) })).toHaveLength(1);
  });

  it('believes the blood gas of the last six hours rather than the oximeter', () => {
    const spo2 = series([3, 92], [4, 92], [5, 92]);
    expect(onsets('respiratory', { fio2, pao2: series([2, 120]), spo2 })).toEqual([]);
    const later = series([9, 92], [10, 92], [11, 98]);
    expect(onsets('respiratory', { fio2, pao2: series([2, 120]), spo2: later })).toEqual([
      [9, 11, 'first', 'SpO2/FiO2'],
    ]);
  });

  it('is not told without an FiO2, nor from an SpO2 above 97 %', () => {
    expect(onsets('respiratory', { spo2: series([3, 85], [4, 85]) })).toEqual([]);
    expect(hypoxaemiaBySpo2({ pao2: NONE, fio2: series([0, 1]), spo2: series([1, 98], [2, 98]) })).toEqual(
      [],
    );
  });
});

describe('onsets of random charts', () => {
  it('are ascending, eight hours apart, and at most one is the first', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed, 1);
      const rows = Array.from({ length: 60 }, (_, hour) => [hour, 55 + 25 * random.uniform()] as const);
      const found = onsetsOf('hypotension', { ...EMPTY, mapInvasive: series(...rows) }, 0);
      found.forEach(({ start, end, order }, index) => {
        expect(end).toBeGreaterThan(start);
        if (index > 0) expect(start - found[index - 1].end).toBeGreaterThanOrEqual(8 * HOUR);
        // The first reading is at hour 0.
        expect(order === 'arrival').toBe(start < HOUR);
        expect(order === 'first').toBe(index === 0 && start >= HOUR);
      });
    }
  });
});
