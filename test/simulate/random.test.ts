import { describe, expect, it } from 'vitest';
import { Random } from '../../src/simulate/random.js';

describe('Random', () => {
  it('repeats itself for the same seeds and differs for others', () => {
    const draw = (seed: number, stream: number) => {
      const random = new Random(seed, stream);
      return Array.from({ length: 8 }, () => random.uniform());
    };
    expect(draw(1, 2)).toEqual(draw(1, 2));
    expect(draw(1, 2)).not.toEqual(draw(2, 1));
    expect(draw(1, 3)).not.toEqual(draw(1, 2));
  });

  it('has the moments of its distributions', () => {
    const random = new Random(5, 0);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const normal = Array.from({ length: 50_000 }, () => random.normal());
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
    const between = Array.from({ length: 50_000 }, () => random.between(2, 4));
    expect(mean(between)).toBeCloseTo(3, 1);
    expect(Math.min(...between.slice(0, 1000))).toBeGreaterThanOrEqual(2);
    expect(Math.max(...between.slice(0, 1000))).toBeLessThan(4);
  });
});
