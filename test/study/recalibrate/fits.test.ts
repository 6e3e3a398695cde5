import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recalibrated } from '../../../src/inference/recalibration.js';
import { fitIsotonic } from '../../../src/study/recalibrate/isotonic.js';
import { type Foretold, fitIntercept, fitLine } from '../../../src/study/recalibrate/logistic.js';

function rows(logits: readonly number[], outcomes: readonly number[]): Foretold {
  return { logits: Float64Array.from(logits), outcomes: Uint8Array.from(outcomes) };
}

/** Flights before the Challenger accident: temperature in °F, and whether an O-ring was damaged. */
const TEMPERATURES = [
  66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58,
];
const DAMAGED = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1];

describe('the line of greatest likelihood', () => {
  it('as published of the O-rings: 15.043 − 0.2322 a degree (Dalal et al., JASA 1989;84:945-957)', () => {
    const { intercept, slope } = fitLine(rows(TEMPERATURES, DAMAGED));
    expect(intercept).toBeCloseTo(15.043, 3);
    expect(slope).toBeCloseTo(-0.2322, 4);
  });

  it('of two logits: their odds, and the ratio of these', () => {
    const two = rows([...Array(10).fill(0), ...Array(20).fill(1)], [...marks(3, 10), ...marks(15, 20)]);
    const { intercept, slope } = fitLine(two);
    expect(intercept).toBeCloseTo(Math.log(3 / 7), 9);
    expect(slope).toBeCloseTo(Math.log(15 / 5 / (3 / 7)), 9);
  });

  it('counts rows as often as their weights say', () => {
    const one = rows([0, 0, 1, 1], [1, 0, 1, 0]);
    const { intercept, slope } = fitLine(one, Uint32Array.of(3, 7, 15, 5));
    expect([intercept, slope]).toEqual([
      expect.closeTo(Math.log(3 / 7), 9),
      expect.closeTo(Math.log(15 / 5 / (3 / 7)), 9),
    ]);
  });

  it('is the same from any start', () => {
    const start = fc.record({
      intercept: fc.double({ min: -3, max: 3, noNaN: true }),
      slope: fc.double({ min: -3, max: 3, noNaN: true }),
    });
    const centred = rows(
      TEMPERATURES.map((each) => (70 - each) / 7),
      DAMAGED,
    );
    const { intercept, slope } = fitLine(centred);
    fc.assert(
      fc.property(start, (from) => {
        const found = fitLine(centred, undefined, from);
        return Math.abs(found.intercept - intercept) < 1e-7 && Math.abs(found.slope - slope) < 1e-7;
      }),
    );
  });

  it('is not there where nothing or everything tells the outcome', () => {
    expect(fitLine(rows([1, 1, 1], [0, 1, 0])).slope).toBeNaN();
    expect(fitLine(rows([1, 2, 3], [0, 0, 0])).slope).toBeNaN();
    expect(fitLine(rows([1, 2, 3, 4], [0, 0, 1, 1])).slope).toBeNaN();
    expect(fitLine(rows([], [])).slope).toBeNaN();
  });
});

it('calibration in the large: what equal logits lack to the odds', () => {
  const equal = rows(Array(10).fill(-3), marks(4, 10));
  expect(fitIntercept(equal)).toBeCloseTo(Math.log(4 / 6) + 3, 9);
  expect(fitIntercept(rows([1, 2], [0, 0]))).toBeNaN();
});

describe('the rising curve', () => {
  it('pools neighbours that fall, and puts a point in the middle of each step', () => {
    // 20 of 100, then 60 and 40 of 100, which fall, then 80 of 100.
    const curve = fitIsotonic(
      rows(
        [-2, -1, 1, 2].flatMap((logit) => Array<number>(100).fill(logit)),
        [20, 60, 40, 80].flatMap((count) => marks(count, 100)),
      ),
    )!;
    expect(curve.from).toEqual([-2, 0, 2]);
    [0.2, 0.5, 0.8].forEach((share, at) => {
      expect(curve.to[at]).toBeCloseTo(Math.log(share / (1 - share)), 12);
    });
  });

  it('joins steps with too few of a kind, at both ends', () => {
    const curve = fitIsotonic(
      rows(
        [-3, -2, 0, 2, 3].flatMap((logit) => Array<number>(50).fill(logit)),
        [0, 20, 25, 30, 50].flatMap((count) => marks(count, 50)),
      ),
    )!;
    expect(curve.from).toEqual([-2.5, 0, 2.5]);
    expect(curve.to).toEqual([Math.log(20 / 80), 0, Math.log(80 / 20)]);
  });

  it('is not there where nothing rises', () => {
    const falling = [-1, 1].flatMap((logit) => Array<number>(100).fill(logit));
    expect(fitIsotonic(rows(falling, [...marks(60, 100), ...marks(40, 100)]))).toBeNull();
    expect(fitIsotonic(rows([], []))).toBeNull();
  });

  it('rises for any rows, whatever their order', () => {
    const any = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.constantFrom(0, 1)), {
      minLength: 100,
      maxLength: 400,
    });
    fc.assert(
      fc.property(any, (of) => {
        const ordered = (each: typeof of) =>
          rows(
            each.map(([x]) => x / 4),
            each.map(([, y]) => y),
          );
        const curve = fitIsotonic(ordered(of));
        expect(fitIsotonic(ordered([...of].reverse()))).toEqual(curve);
        if (curve === null) return;
        for (let logit = -6; logit < 6; logit += 0.1)
          expect(recalibrated(curve, logit + 0.1)).toBeGreaterThan(recalibrated(curve, logit));
      }),
      { numRuns: 50 },
    );
  });
});

function marks(count: number, of: number): number[] {
  return Array.from({ length: of }, (_, index) => (index < count ? 1 : 0));
}
