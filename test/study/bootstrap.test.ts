import { describe, expect, it } from 'vitest';
import { bootstrap, bootstrapStays, percentile } from '../../src/study/bootstrap.js';
import { auprc, auroc } from '../../src/study/metrics.js';
import { rank } from '../../src/study/ranking.js';
import { referenceCase, UNTIED } from './reference.js';

describe('percentile', () => {
  it('interpolates as numpy.percentile does', () => {
    expect(percentile([1, 2, 4], 0.5)).toBe(2);
    expect(percentile([1, 2, 4], 0.75)).toBe(3);
    expect(percentile([1, 2, 4], 0.025)).toBeCloseTo(1.05, 12);
    expect(percentile([5], 0.975)).toBe(5);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('bootstrap', () => {
  const options = { resamples: 1000, seed: 3 };

  it('draws as many patients as there are, the same for the same seed', () => {
    const total = (weights: Uint32Array) => [weights.reduce((sum, weight) => sum + weight, 0), weights[0]];
    const [sum, first] = bootstrap(50, options, total);
    expect(sum).toEqual([50, 50]);
    expect(first).toEqual([0, 3]);
    const drawn: number[] = [];
    const record = (weights: Uint32Array) => {
      drawn.push(weights[7]);
      return [weights[7]];
    };
    bootstrap(50, options, record);
    const before = [...drawn];
    drawn.length = 0;
    bootstrap(50, options, record);
    expect(drawn).toEqual(before);
    drawn.length = 0;
    bootstrap(50, { ...options, seed: 4 }, record);
    expect(drawn).not.toEqual(before);
  });

  it('covers the mean as the normal approximation does', () => {
    const values = UNTIED.scores;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const half = (1.96 * deviation) / Math.sqrt(values.length);
    const meanOf = (weights: Uint32Array) => {
      let sum = 0;
      for (let index = 0; index < values.length; index++) sum += weights[index] * values[index];
      return [sum / values.length];
    };
    const [[low, high]] = bootstrap(values.length, { resamples: 4000, seed: 1 }, meanOf);
    expect(Math.abs(low - (mean - half))).toBeLessThan(half / 10);
    expect(Math.abs(high - (mean + half))).toBeLessThan(half / 10);
  });

  it('leaves out resamples in which a figure is undefined', () => {
    const ranking = rank([0.9, 0.2, 0.1], [1, 0, 0]);
    expect(bootstrap(3, options, (weights) => [auroc(ranking, weights)])).toEqual([[1, 1]]);
    const survivors = rank([0.9, 0.2], [0, 0]);
    expect(bootstrap(2, options, (weights) => [auroc(survivors, weights)])).toEqual([[NaN, NaN]]);
  });

  it('takes seconds for 4000 patients and 1000 resamples', () => {
    const { scores, outcomes } = referenceCase(4000, 5, 8);
    const ranking = rank(scores, outcomes);
    const started = performance.now();
    bootstrap(4000, options, (weights) => [auroc(ranking, weights), auprc(ranking, weights)]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('bootstrap of stays', () => {
  it('draws patients, each with all their stays', () => {
    const stays = ['a', 'b', 'a', 'c'].map((patientId) => ({ patientId }));
    const seen: number[][] = [];
    bootstrapStays(stays, { resamples: 50, seed: 1 }, (weights) => {
      seen.push([...weights]);
      return [0];
    });
    expect(seen.every(([a, , again]) => a === again)).toBe(true);
    expect(seen.every(([a, b, , c]) => a + b + c === 3)).toBe(true);
    expect(new Set(seen.map(String)).size).toBeGreaterThan(5);
  });

  it('is the bootstrap where every patient has one stay', () => {
    const stays = ['a', 'b', 'c'].map((patientId) => ({ patientId }));
    const figures = (weights: Uint32Array) => [weights[0] - weights[2]];
    const options = { resamples: 100, seed: 2 };
    expect(bootstrapStays(stays, options, figures)).toEqual(bootstrap(3, options, figures));
  });
});
