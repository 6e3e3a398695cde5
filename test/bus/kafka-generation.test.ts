import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Generation, type Succession } from '../../src/bus/kafka-generation.js';

const TOPICS = ['ward.adt', 'ward.vitals'];

/** The group rebalances once, and this process is assigned the partitions. */
function rebalance(before: Generation, partitions: readonly number[], more: object = {}): Succession {
  before.attempts++;
  return before.next({ memberId: 'm-1', topics: TOPICS, partitions, ...more });
}
const numbers = (each: Succession['added']) => each.map(({ partition }) => partition);

describe('a generation', () => {
  it('keeps what stays assigned as it is, and tells what goes and what comes', () => {
    const first = rebalance(Generation.none(), [0, 1, 2]);
    expect([first.generation.number, numbers(first.revoked), numbers(first.added)]).toEqual([
      1,
      [],
      [0, 1, 2],
    ]);
    first.generation.commitOnce = async () => undefined;
    first.added[1].next.set('p.ward.adt', 7);
    const { generation, revoked, added } = rebalance(first.generation, [1, 5]);
    expect([generation.number, numbers(revoked), numbers(added)]).toEqual([2, [0, 2], [5]]);
    expect(generation.partitions.get(1)).toBe(first.added[1]);
    expect(generation.has(first.added[0])).toBe(false);
    expect(generation.commitOnce).toBe(first.generation.commitOnce);
  });

  it.each([
    [
      'that comes after one that was missed',
      (before: Generation) => {
        before.attempts++;
      },
      {},
    ],
    ['of another member', () => undefined, { memberId: 'm-2' }],
    [
      'after the group was left',
      (before: Generation) => {
        before.memberId = '';
      },
      {},
    ],
    ['with other topics', () => undefined, { topics: [...TOPICS, 'ward.notes'] }],
  ])('%s assigns all anew', (_, befall, more) => {
    const first = rebalance(Generation.none(), [0, 1]).generation;
    befall(first);
    const { generation, revoked, added } = rebalance(first, [0, 1], more);
    expect([numbers(revoked), numbers(added)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(added.every((assigned) => generation.has(assigned) && !first.has(assigned))).toBe(true);
  });

  it('does not commit in the name of another member', () => {
    const first = rebalance(Generation.none(), [0]).generation;
    first.commitOnce = async () => undefined;
    expect(rebalance(first, [0], { memberId: 'm-2' }).generation.commitOnce).toBeNull();
  });

  it('is what was revoked and added since the first, whatever came between', () => {
    const rounds = fc.array(
      fc.record({
        partitions: fc.uniqueArray(fc.nat(5)),
        memberId: fc.constantFrom('m-1', 'm-1', 'm-2'),
        missed: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(rounds, (each) => {
        let generation = Generation.none();
        const held = new Set<object>();
        for (const { partitions, memberId, missed } of each) {
          if (missed) generation.attempts++;
          const { revoked, added, generation: next } = rebalance(generation, partitions, { memberId });
          for (const assigned of revoked) expect(held.delete(assigned)).toBe(true);
          for (const assigned of added) held.add(assigned);
          expect(new Set(next.partitions.values())).toEqual(held);
          expect([...next.partitions.keys()]).toEqual(partitions);
          generation = next;
        }
      }),
    );
  });
});
