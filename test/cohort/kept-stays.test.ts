import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptStays } from '../../src/cohort/kept-stays.js';
import { pack } from '../../src/cohort/pack.js';
import { CHARTED, inMemory, type ObservedStay, SIGNALS, unpacked } from '../../src/cohort/stays.js';
import { monitoredBy } from '../../src/study/events.js';

const LISTS = 1 + SIGNALS.length + 2 * CHARTED.length;

function stayOf(id: number, lists: readonly ArrayLike<number>[]): ObservedStay {
  return {
    patientId: String(id),
    stayId: `${id}:0`,
    wardId: null,
    admittedAt: 0,
    endAt: 1,
    isOver: true,
    demographics: { ageYears: 60, sex: null, heightCm: null, weightKg: null, unitType: null },
    observations: 0,
    alarms: [],
    ...unpacked(pack(lists)),
  };
}

/** Every list as long as the stay's first. */
const even = (id: number, moments: number) =>
  stayOf(
    id,
    Array.from({ length: LISTS }, (_, list) => new Float64Array(moments).fill(id + list / 100)),
  );

describe('stays that are kept', () => {
  it('come back number for number, in whatever order, in memory or from the file', () => {
    // Times and signals are as long as each other, and so are times and values charted.
    const lists = fc
      .array(fc.nat({ max: 9 }), { minLength: 1 + CHARTED.length, maxLength: 1 + CHARTED.length })
      .chain(([moments, ...charted]) => {
        const sizes = [
          ...Array(1 + SIGNALS.length).fill(moments),
          ...charted.flatMap((size) => [size, size]),
        ];
        return fc.tuple(
          ...sizes.map((size) => fc.float64Array({ minLength: size, maxLength: size, noNaN: false })),
        );
      });
    const some = fc.array(lists, { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat()), fc.nat({ max: 40_000 }), (all, order, atHand) => {
        // Several blocks, of which some are in memory.
        const stays = Array.from({ length: 10 }, () => all)
          .flat()
          .map((each, index) => stayOf(index, each));
        const kept = new KeptStays(atHand);
        const there = stays.map((stay) => kept.keep(stay));
        for (let read = 0; read < stays.length; read++) {
          const index = order.next().value % stays.length;
          expect(inMemory(there[index])).toEqual(stays[index]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('may be longer than what is in memory', () => {
    const kept = new KeptStays(0);
    const stays = Array.from({ length: 300 }, (_, id) => even(id, id % 100 === 7 ? 9000 : 3));
    const there = stays.map((stay) => kept.keep(stay));
    expect(there.map(inMemory)).toEqual(stays);
  });

  it('take some hundred bytes each beyond what is at hand, judged or not', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = () => {
      // Buffers are given back by the next one.
      collect();
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const [stays, moments, atHand] = [4000, 40, 100_000];
    const before = used();
    const kept = new KeptStays(atHand);
    const there = Array.from({ length: stays }, (_, id) => kept.keep(even(id, moments)));
    const total = there.reduce((sum, { times }) => sum + times.length, 0);
    expect(total).toBe(stays * moments);
    // Each holds 6.7 kB of numbers.
    expect((used() - before - 8 * atHand) / stays).toBeLessThan(500);
    const monitored = monitoredBy(
      { id: 'map', sign: -1 },
      there,
      there.map(() => []),
    );
    // Time and value of each moment.
    expect((used() - before - 8 * atHand) / stays).toBeLessThan(500 + 16 * moments + 100);
    expect(kept.held).toBeLessThanOrEqual(atHand);
    expect(monitored.signal[7 * moments]).toBe(-there[7].signals.map[0]);
  });
});
