import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignPartitions } from '../../src/bus/assigner.js';

const group = fc
  .record({
    partitions: fc.integer({ min: 1, max: 40 }),
    members: fc.integer({ min: 1, max: 12 }),
    owners: fc.array(fc.integer({ min: -1, max: 13 }), { maxLength: 40 }),
  })
  .map(({ partitions, members, owners }) => ({
    partitions,
    members: Array.from({ length: members }, (_, member) => ({
      memberId: `m${member}`,
      owned: owners.flatMap((owner, partition) => (owner === member ? partition : [])),
    })),
  }));

it('gives every partition to one member, and members even shares', () => {
  fc.assert(
    fc.property(group, ({ members, partitions }) => {
      const shares = [...assignPartitions(members, partitions).values()];
      expect(shares.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, n) => n));
      const sizes = shares.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

it('moves nothing where the group stays as it is', () => {
  fc.assert(
    fc.property(group, ({ members, partitions }) => {
      const before = assignPartitions(members, partitions);
      const owners = members.map(({ memberId }) => ({ memberId, owned: before.get(memberId)! }));
      expect(assignPartitions(owners, partitions)).toEqual(before);
    }),
  );
});

it('takes from the others only what a new member is due', () => {
  const before = assignPartitions(
    [
      { memberId: 'a', owned: [] },
      { memberId: 'b', owned: [] },
    ],
    12,
  );
  const owners = [...before].map(([memberId, owned]) => ({ memberId, owned }));
  const after = assignPartitions([...owners, { memberId: 'c', owned: [] }], 12);
  for (const [memberId, owned] of before) {
    expect(after.get(memberId)).toHaveLength(4);
    expect(after.get(memberId)!.every((partition) => owned.includes(partition))).toBe(true);
  }
});
