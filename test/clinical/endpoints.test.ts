import { describe, expect, it } from 'vitest';
import {
  circulatoryFailure,
  hypotension,
  hypoxaemia,
  meanPressure,
  raisedLactate,
  type Series,
  ventilationStarts,
} from '../../src/clinical/endpoints.js';
import { type Interval, union } from '../../src/clinical/intervals.js';

const MINUTE = 60_000;
const NONE = { times: [], values: [] };

/** A series from [minute, value] pairs. */
function series(...rows: readonly (readonly [minute: number, value: number])[]) {
  return { times: rows.map(([minute]) => minute * MINUTE), values: rows.map(([, value]) => value) };
}
/** Spans in minutes. */
const minutes = (spans: readonly Interval[]) => spans.map(({ start, end }) => [start / MINUTE, end / MINUTE]);

describe('hypotension', () => {
  const spells = (...rows: [number, number][]) => minutes(hypotension(series(...rows)));

  it('is at or below 65 mmHg, from the first low reading to the first one above', () => {
    expect(spells([0, 80], [60, 65], [120, 65], [180, 66])).toEqual([[60, 180]]);
    expect(spells([0, 80], [60, 65.5], [120, 65.5], [180, 66])).toEqual([]);
  });

  it('lasts at least 30 minutes between readings: one low reading is none', () => {
    expect(spells([0, 80], [60, 50], [120, 80])).toEqual([]);
    expect(spells([0, 60], [29, 60], [40, 80])).toEqual([]);
    expect(spells([0, 60], [30, 60], [40, 80])).toEqual([[0, 40]]);
  });

  it('is broken by one reading above, and by more than two hours without', () => {
    expect(spells([0, 60], [30, 60], [45, 70], [60, 60], [90, 60])).toEqual([
      [0, 45],
      [60, 90],
    ]);
    expect(spells([0, 60], [121, 60])).toEqual([]);
    expect(spells([0, 60], [120, 60], [241, 80])).toEqual([[0, 120]]);
  });
});

describe('mean pressure', () => {
  it('is the arterial line, and the cuff where the line has been silent for two hours', () => {
    const map = meanPressure(
      series([60, 70], [120, 71]),
      series([0, 90], [60, 91], [100, 92], [240, 93], [241, 94]),
    );
    expect(map.times).toEqual([0, 60, 120, 241].map((minute) => minute * MINUTE));
    expect(map.values).toEqual([90, 70, 71, 94]);
  });

  it('is the higher of two lines read at one moment', () => {
    const [up, down] = [series([60, 62], [60, 70]), series([60, 70], [60, 62])];
    expect(meanPressure(up, NONE)).toEqual({ times: [60 * MINUTE], values: [70] });
    expect(meanPressure(down, NONE)).toEqual(meanPressure(up, NONE));
  });
});

describe('raised lactate', () => {
  const spans = (...rows: [number, number][]) => minutes(raisedLactate(series(...rows)));

  it('is 2 mmol/L or more, and speaks for three hours to either side', () => {
    expect(spans([300, 2])).toEqual([[120, 480]]);
    expect(spans([300, 1.99])).toEqual([]);
  });

  it('lasts between two raised values however far apart', () => {
    expect(spans([0, 3], [1200, 4])).toEqual([[-180, 1380]]);
  });

  it('follows the straight line to a normal value less than six hours off', () => {
    // 3 → 1 over 200 minutes crosses 2 halfway; 1 → 2.5 over 300 minutes crosses at two thirds.
    expect(spans([0, 3], [200, 1], [500, 2.5])).toEqual([
      [-180, 100],
      [400, 680],
    ]);
  });

  it('speaks for three hours where the normal value is six hours off or more', () => {
    expect(spans([0, 3], [360, 1])).toEqual([[-180, 180]]);
    expect(spans([0, 1], [400, 3])).toEqual([[220, 580]]);
  });
});

describe('circulatory endpoints', () => {
  const map = series([0, 80], [60, 60], [120, 60], [180, 80]);

  it('failure is hypotension while lactate is raised', () => {
    expect(minutes(circulatoryFailure({ map, lactate: series([100, 3]) }))).toEqual([[60, 180]]);
    // Lactate rises through 2 at minute 100, within the spell.
    expect(minutes(circulatoryFailure({ map, lactate: series([0, 1], [200, 3]) }))).toEqual([[100, 180]]);
    expect(circulatoryFailure({ map, lactate: series([100, 1.5]) })).toEqual([]);
    expect(circulatoryFailure({ map, lactate: NONE })).toEqual([]);
    expect(circulatoryFailure({ map: NONE, lactate: series([100, 3]) })).toEqual([]);
  });
});

describe('hypoxaemia', () => {
  const of = (chart: Parameters<typeof hypoxaemia>[0]) => minutes(union(hypoxaemia(chart)));

  it('is PaO2/FiO2 below 200 mmHg, until a ratio of 200 or for six hours', () => {
    const fio2 = series([0, 0.5]);
    expect(of({ fio2, pao2: series([60, 99], [120, 100]) })).toEqual([[60, 120]]);
    expect(of({ fio2, pao2: series([60, 99]) })).toEqual([[60, 420]]);
    expect(of({ fio2, pao2: series([60, 99], [120, 90]) })).toEqual([[60, 480]]);
    expect(of({ fio2, pao2: series([60, 100]) })).toEqual([]);
  });

  it('takes the FiO2 charted last, four hours back at most, and assumes none', () => {
    expect(of({ fio2: series([0, 0.3], [50, 0.6], [70, 0.3]), pao2: series([60, 100]) })).toEqual([
      [60, 420],
    ]);
    expect(of({ fio2: series([0, 0.6]), pao2: series([240, 100]) })).toEqual([[240, 600]]);
    expect(of({ fio2: series([0, 0.6]), pao2: series([241, 100]) })).toEqual([]);
    expect(of({ fio2: series([61, 0.6]), pao2: series([60, 60]) })).toEqual([]);
  });
});

describe('ventilation', () => {
  const of = (ventilation: Series) => minutes(ventilationStarts(ventilation));

  it('begins after an off or twelve hours without, and lasts an hour as an event', () => {
    expect(of(series([100, 1], [400, 1]))).toEqual([[100, 160]]);
    expect(of(series([100, 1], [820, 1]))).toEqual([[100, 160]]);
    expect(of(series([100, 1], [821, 1]))).toEqual([
      [100, 160],
      [821, 881],
    ]);
    expect(of(series([0, 0], [100, 1], [200, 0], [300, 1]))).toEqual([
      [100, 160],
      [300, 360],
    ]);
  });
});
