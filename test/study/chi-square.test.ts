import { expect, it } from 'vitest';
import { chiSquareTail } from '../../src/study/chi-square.js';

it('gives the tail SciPy gives, far out too', () => {
  expect(chiSquareTail(0.5, 1)).toBeCloseTo(0.479500122, 9);
  expect(chiSquareTail(3.84, 1)).toBeCloseTo(0.0500435212, 10);
  expect(chiSquareTail(3.3, 7)).toBeCloseTo(0.8559330472514932, 12);
  expect(chiSquareTail(20, 8)).toBeCloseTo(0.0103360507, 10);
  expect(chiSquareTail(60, 10) / 3.62430095e-9).toBeCloseTo(1, 7);
});

it('is exp(−x/2) at two degrees of freedom', () => {
  for (const x of [0.01, 1, 3, 10, 100]) {
    expect(chiSquareTail(x, 2) / Math.exp(-x / 2)).toBeCloseTo(1, 12);
  }
});

it('knows its ends', () => {
  expect(chiSquareTail(0, 3)).toBe(1);
  expect(chiSquareTail(Number.POSITIVE_INFINITY, 3)).toBe(0);
  expect(chiSquareTail(1, 0)).toBeNaN();
  expect(chiSquareTail(Number.NaN, 1)).toBeNaN();
});
