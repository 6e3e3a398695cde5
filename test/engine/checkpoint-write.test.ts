import { expect, it } from 'vitest';
import type { StateChange, StateLog } from '../../src/bus/bus.js';
import { CheckpointWrite } from '../../src/engine/checkpoint-write.js';

const change = (partition: number): StateChange => ({ key: `p${partition}`, partition, value: null });
const position = (partition: number) => ({ topic: 'ward.vitals', partition, offset: 9 });

/** A write of two partitions, and what it appends. */
function begin() {
  const appended: number[] = [];
  const write = async (changes: readonly StateChange[]) => {
    appended.push(...changes.map(({ partition }) => partition));
    return [];
  };
  const positions = new Map([0, 1].map((partition) => [`ward.vitals/${partition}`, position(partition)]));
  const checkpoint = new CheckpointWrite(positions, new Map([[0, 100]]));
  const append = (partition: number, flush: () => Promise<void> = async () => {}) =>
    checkpoint.append({ write } as unknown as StateLog, [change(partition)], flush);
  return { checkpoint, append, appended };
}

it('what a write has of a partition that is given up is void, also where it comes back', async () => {
  const { checkpoint, append, appended } = begin();
  await append(1);
  // While results are made safe, and before a copy that was taken earlier is appended.
  await append(1, async () => checkpoint.giveUp([1]));
  await append(1);
  await append(0);
  expect(appended).toEqual([1, 0]);
  expect([...checkpoint.positions.values()]).toEqual([position(0)]);
});

it('a partition is dealt with as far as what is committed of it', () => {
  const { checkpoint } = begin();
  expect([0, 1, 2].map((partition) => checkpoint.readTo(partition))).toEqual([100, -Infinity, -Infinity]);
  checkpoint.giveUp([0]);
  expect(checkpoint.readTo(0)).toBe(-Infinity);
});
