import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Histogram } from '../src/histogram.js';

it('counts how many values are at most each bound, and all of them', () => {
  const bounds = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(bounds, fc.array(fc.integer({ min: -60, max: 60 })), (unsorted, values) => {
      const sorted = [...unsorted].sort((a, b) => a - b);
      const histogram = new Histogram(sorted);
      for (const value of values) histogram.observe(value);
      expect(histogram.cumulative()).toEqual([
        ...sorted.map((bound) => values.filter((value) => value <= bound).length),
        values.length,
      ]);
      expect(histogram.sum).toBe(values.reduce((sum, value) => sum + value, 0));
    }),
  );
});
