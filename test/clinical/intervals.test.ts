import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Interval, intersection, union } from '../../src/clinical/intervals.js';

const spans = fc.array(
  fc.tuple(fc.nat(30), fc.nat(6)).map(([start, length]) => ({ start, end: start + length })),
  { maxLength: 8 },
);
const covers = (of: readonly Interval[], time: number) =>
  of.some(({ start, end }) => start <= time && time < end);

describe('intervals', () => {
  it('join where they touch, and drop what is empty', () => {
    const of = [
      { start: 5, end: 7 },
      { start: 1, end: 3 },
      { start: 3, end: 4 },
      { start: 9, end: 9 },
    ];
    expect(union(of)).toEqual([
      { start: 1, end: 4 },
      { start: 5, end: 7 },
    ]);
    expect(intersection(union(of), [{ start: 2, end: 6 }])).toEqual([
      { start: 2, end: 4 },
      { start: 5, end: 6 },
    ]);
  });

  it('cover what either, or both, cover', () => {
    fc.assert(
      fc.property(spans, spans, (a, b) => {
        const either = union([...a, ...b]);
        const both = intersection(union(a), union(b));
        for (let time = 0; time < 40; time++) {
          expect(covers(either, time)).toBe(covers(a, time) || covers(b, time));
          expect(covers(both, time)).toBe(covers(a, time) && covers(b, time));
        }
        expect(union(either)).toEqual(either);
        for (let index = 1; index < either.length; index++) {
          expect(either[index].start).toBeGreaterThan(either[index - 1].end);
        }
      }),
    );
  });
});
