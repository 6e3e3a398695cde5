import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttentionCache } from '../../src/inference/attention-cache.js';

const SHAPE = { features: 1, layers: 2, slots: 4, width: 3 };

function ages(cache: AttentionCache, step: number): number[] {
  const written = new Int32Array(SHAPE.slots + 2).fill(-9);
  cache.writeAges(step, written, 1);
  expect([written[0], written.at(-1)]).toEqual([-9, -9]);
  return [...written.subarray(1, 1 + SHAPE.slots)];
}

/** Appends a step whose keys are all `mark` and values all `-mark`. */
function append(cache: AttentionCache, step: number, mark = step): void {
  const size = SHAPE.layers * SHAPE.width;
  cache.append(step, new Float32Array(size).fill(mark), new Float32Array(size).fill(-mark), 0);
}

describe('AttentionCache', () => {
  it('has nothing to attend to at first: every slot is as far away as there are slots', () => {
    expect(ages(new AttentionCache(SHAPE), 0)).toEqual([4, 4, 4, 4]);
  });

  it('tells how many steps back each slot is', () => {
    const cache = new AttentionCache(SHAPE);
    for (const step of [0, 1, 2]) append(cache, step);
    expect(ages(cache, 3)).toEqual([3, 2, 1, 4]);
  });

  it('does not let a step attend to itself or to steps behind it, as when it is closed anew', () => {
    const cache = new AttentionCache(SHAPE);
    for (const step of [0, 1, 2]) append(cache, step);
    expect(ages(cache, 1)).toEqual([1, 4, 4, 4]);
  });

  it('lets go of what is a whole ring back, whether or not its slot has been overwritten', () => {
    const cache = new AttentionCache(SHAPE);
    for (const step of [0, 1, 2, 3]) append(cache, step);
    expect(ages(cache, 4)).toEqual([4, 3, 2, 1]);
    expect(ages(cache, 6)).toEqual([4, 4, 4, 3]);
    append(cache, 4);
    expect(ages(cache, 5)).toEqual([1, 4, 3, 2]);
  });

  it('attends to exactly the newest appended steps within a ring, whatever gaps there are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(20), { maxLength: 12 }), fc.nat(24), (appended, step) => {
        const cache = new AttentionCache(SHAPE);
        for (const each of appended.sort((a, b) => a - b)) append(cache, each);
        const attended = ages(cache, step).filter((age) => age < SHAPE.slots);
        // Of two steps that share a slot, the later one is there.
        const held = appended.filter((each) => !appended.includes(each + SHAPE.slots));
        const isInSlot = (each: number) =>
          !held.some((other) => other > each && (other - each) % SHAPE.slots === 0);
        const expected = held.filter(isInSlot).map((each) => step - each);
        expect(attended.sort()).toEqual(expected.filter((age) => age > 0 && age < SHAPE.slots).sort());
      }),
    );
  });

  it('puts a row of a batch into the slot of its step, layer by layer, and leaves the others', () => {
    const cache = new AttentionCache(SHAPE);
    append(cache, 0, 7);
    const size = SHAPE.layers * SHAPE.width;
    const rows = Float32Array.from({ length: 3 * size }, (_, index) => index);
    cache.append(
      5,
      rows,
      rows.map((value) => -value),
      2,
    );
    const row = (array: Float32Array, layer: number, slot: number) => [
      ...array.subarray((layer * SHAPE.slots + slot) * SHAPE.width).subarray(0, SHAPE.width),
    ];
    expect([row(cache.k, 0, 1), row(cache.k, 1, 1)]).toEqual([
      [12, 13, 14],
      [15, 16, 17],
    ]);
    expect(row(cache.v, 1, 1)).toEqual([-15, -16, -17]);
    expect([row(cache.k, 0, 0), row(cache.k, 1, 0)]).toEqual([
      [7, 7, 7],
      [7, 7, 7],
    ]);
    expect(row(cache.k, 0, 2)).toEqual([0, 0, 0]);
    expect([...cache.steps]).toEqual([0, 5, -1, -1]);
  });

  it('overwrites a step that is appended again', () => {
    const cache = new AttentionCache(SHAPE);
    append(cache, 2, 1);
    append(cache, 2, 9);
    expect(new Set(cache.k)).toEqual(new Set([0, 9]));
    expect([...cache.steps]).toEqual([-1, -1, 2, -1]);
  });
});
