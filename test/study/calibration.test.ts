import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expectedCalibrationError,
  hosmerLemeshow,
  reliabilityCurve,
  wilson,
} from '../../src/study/calibration.js';
import { rank } from '../../src/study/ranking.js';
import { UNTIED } from './reference.js';

const untied = rank(UNTIED.scores, UNTIED.outcomes);

describe('against NumPy and SciPy', () => {
  it('expected calibration error over ten bins of equal count', () => {
    expect(expectedCalibrationError(untied)).toBeCloseTo(0.160196387052536, 12);
  });

  it('Hosmer and Lemeshow, for probabilities fitted elsewhere and here', () => {
    const elsewhere = hosmerLemeshow(untied, false);
    expect(elsewhere.statistic).toBeCloseTo(160.5651728097466, 9);
    expect(elsewhere.degreesOfFreedom).toBe(10);
    expect(elsewhere.p / 2.4768250121886727e-29).toBeCloseTo(1, 9);
    expect(hosmerLemeshow(untied, true).p / 1.2183043580431915e-30).toBeCloseTo(1, 9);
  });

  it('the reliability curve', () => {
    const curve = reliabilityCurve(untied);
    expect(curve).toHaveLength(10);
    expect(curve.map(({ count }) => count)).toEqual(Array(10).fill(100));
    expect(curve[3].meanPredicted).toBeCloseTo(0.34160447895526885, 12);
    expect(curve[3].observed).toBeCloseTo(0.13, 12);
  });
});

describe('by hand', () => {
  it('five subjects in two bins: three, then two', () => {
    const five = rank([0.1, 0.2, 0.3, 0.6, 0.8], [0, 0, 1, 1, 1]);
    const [low, high] = reliabilityCurve(five, 2);
    expect([low.count, high.count]).toEqual([3, 2]);
    expect([low.meanPredicted, low.observed]).toEqual([expect.closeTo(0.2, 12), expect.closeTo(1 / 3, 12)]);
    expect(expectedCalibrationError(five, 2)).toBeCloseTo((Math.abs(1 - 0.6) + Math.abs(2 - 1.4)) / 5, 12);
  });

  it('equal probabilities share their outcomes over the bins they fall into', () => {
    const four = rank([0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0]);
    expect(reliabilityCurve(four, 2).map(({ observed }) => observed)).toEqual([0.5, 0.5]);
    expect(expectedCalibrationError(four, 2)).toBe(0);
    expect(hosmerLemeshow(four, false, 2)).toEqual({ statistic: 0, degreesOfFreedom: 2, p: 1 });
  });

  it('certainty that is wrong fits nothing; certainty that is right fits', () => {
    expect(hosmerLemeshow(rank([0, 1], [1, 1]), false, 2)).toMatchObject({ statistic: Infinity, p: 0 });
    expect(hosmerLemeshow(rank([0, 1], [0, 1]), false, 2)).toMatchObject({ statistic: 0, p: 1 });
  });

  it('the interval of a share: 1 of 10 as Wilson gives it', () => {
    const [low, high] = wilson(1, 10);
    expect(low).toBeCloseTo(0.017876, 6);
    expect(high).toBeCloseTo(0.40415, 6);
    expect(wilson(0, 0)).toEqual([NaN, NaN]);
  });

  it('nobody at all', () => {
    expect(expectedCalibrationError(rank([], []))).toBeNaN();
    expect(reliabilityCurve(rank([], []))).toEqual([]);
    expect(hosmerLemeshow(rank([], []), true).p).toBeNaN();
  });
});

describe('for any subjects', () => {
  const subjects = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1)), {
    minLength: 1,
    maxLength: 60,
  });
  const ranked = (of: readonly (readonly number[])[]) =>
    rank(
      of.map(([score]) => score / 20),
      of.map(([, outcome]) => outcome),
    );

  it('the order does not matter, bins hold everybody, and the error lies in [0, 1]', () => {
    fc.assert(
      fc.property(subjects, fc.integer({ min: 1, max: 12 }), (of, bins) => {
        const error = expectedCalibrationError(ranked(of), bins);
        expect(expectedCalibrationError(ranked([...of].reverse()), bins)).toBeCloseTo(error, 12);
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(1);
        const curve = reliabilityCurve(ranked(of), bins);
        expect(curve.reduce((sum, { count }) => sum + count, 0)).toBe(of.length);
        const deaths = of.filter(([, outcome]) => outcome === 1).length;
        expect(curve.reduce((sum, { count, observed }) => sum + count * observed, 0)).toBeCloseTo(deaths, 9);
        for (const { low, observed, high } of curve) {
          expect(low).toBeLessThanOrEqual(observed + 1e-12);
          expect(high).toBeGreaterThanOrEqual(observed - 1e-12);
        }
      }),
    );
  });
});
