import { expect, it } from 'vitest';
import { estimate, estimateByName } from '../../src/study/mortality.js';

const OPTIONS = { resamples: 50, seed: 3 };
const AGES = [81, 44, 67, 59, 73, 38, 90, 52];

/** Mean age and its square, and nothing known of the empty. */
function figures(weights?: Uint32Array) {
  const count = AGES.reduce((sum, _, index) => sum + (weights?.[index] ?? 1), 0);
  const mean = AGES.reduce((sum, age, index) => sum + age * (weights?.[index] ?? 1), 0) / count;
  return { mean, square: mean ** 2, unknown: Number.NaN };
}

it('figures have by name the estimates that they have in a list', () => {
  const named = estimateByName(AGES.length, OPTIONS, (weights) => {
    const { mean, square, unknown } = figures(weights as Uint32Array | undefined);
    return { squares: [{ square }, { square: -square }], mean, none: { unknown, others: [] as number[] } };
  });
  const listed = estimate(AGES.length, OPTIONS, (weights) => {
    const { mean, square, unknown } = figures(weights as Uint32Array | undefined);
    return [mean, square, -square, unknown];
  });
  expect(listed[0].value).toBe(63);
  expect(listed[0].interval[0]).toBeLessThan(63);
  expect(named).toEqual({
    squares: [{ square: listed[1] }, { square: listed[2] }],
    mean: listed[0],
    none: { unknown: listed[3], others: [] },
  });
});
