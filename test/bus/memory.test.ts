import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { RecordBatch } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { WALL_CLOCK } from '../../src/clock.js';

const IGNORE = {
  batch: async () => undefined,
  assigned: async () => undefined,
  revoked: async () => undefined,
  failed: (error: Error) => {
    throw error;
  },
};
const messages = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: 'p', value: Buffer.from(String(n)) }));

it('makes the producer wait while the consumer is busy and the partition is full', async () => {
  const bus = new MemoryBus({ partitions: 1, capacity: 10 });
  const batches: RecordBatch[] = [];
  let release: () => void = () => undefined;
  const consumer = await bus.consume(
    ['t'],
    {
      ...IGNORE,
      batch: async (batch) => {
        batches.push(batch);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    },
    WALL_CLOCK,
  );
  await bus.produce('t', messages(1));
  let isDone = false;
  const producing = bus.produce('t', messages(25)).then(() => {
    isDone = true;
  });
  await sleep(20);
  expect([isDone, bus.unread]).toEqual([false, 10]);
  while (!isDone || bus.unread > 0) {
    release();
    await consumer.commit([
      { topic: 't', partition: 0, offset: batches.flatMap((each) => each.records).length },
    ]);
    await sleep(1);
  }
  await producing;
  const values = batches.flatMap(({ records }) => records.map(({ value }) => Number(value.toString())));
  expect(values).toEqual([0, ...Array.from({ length: 25 }, (_, n) => n)]);
  await consumer.close();
});

it('takes in more where the consumer holds all there is without committing it', async () => {
  const bus = new MemoryBus({ partitions: 1, capacity: 4 });
  let count = 0;
  const consumer = await bus.consume(
    ['t'],
    {
      ...IGNORE,
      batch: async ({ records }) => {
        count += records.length;
      },
    },
    WALL_CLOCK,
  );
  await bus.produce('t', messages(50));
  while (bus.unread > 0) await sleep(1);
  expect(count).toBe(50);
  await consumer.close();
});

it('keeps a key in one partition and its order across topics', async () => {
  const bus = new MemoryBus({ partitions: 4, capacity: 100 });
  for (const topic of ['a', 'b', 'a']) await bus.produce(topic, messages(1));
  const batches: RecordBatch[] = [];
  const consumer = await bus.consume(
    ['a', 'b'],
    {
      ...IGNORE,
      batch: async (batch) => {
        batches.push(batch);
      },
    },
    WALL_CLOCK,
  );
  await sleep(20);
  await consumer.close();
  expect(batches).toHaveLength(1);
  expect(batches[0].records.map(({ topic, offset }) => [topic, offset])).toEqual([
    ['a', 0],
    ['b', 0],
    ['a', 1],
  ]);
});

it('tells a partition as read through now while nothing of it waits, and through then while something does', async () => {
  const bus = new MemoryBus({ partitions: 1, capacity: 100 });
  const clock = { time: 100, now: () => clock.time, live: true };
  let release: () => void = () => undefined;
  const batch = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  const consumer = await bus.consume(['t'], { ...IGNORE, batch }, clock);
  const through = () =>
    consumer.progress().map(({ readThrough, completeThrough }) => [readThrough, completeThrough]);
  expect(through()).toEqual([[100, 100]]);
  await bus.produce('t', messages(1));
  clock.time = 200;
  expect(through()).toEqual([[100, 100]]);
  await sleep(5);
  expect(through()).toEqual([[100, 100]]);
  release();
  await sleep(5);
  expect(through()).toEqual([[200, 200]]);
  await consumer.close();
});
