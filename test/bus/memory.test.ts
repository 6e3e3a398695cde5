import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
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

describe('who reads beside the engine', () => {
  const READER = { group: 'beside', who: 'a reader', since: async () => 0, lookBack: 0 };

  it('has what nobody else asks for, and holds back who produces while it is busy', async () => {
    const bus = new MemoryBus({ partitions: 1, capacity: 10 });
    let seen = 0;
    const engine = await bus.consume(
      ['in'],
      {
        ...IGNORE,
        batch: async ({ records }) => {
          seen += records.length;
        },
      },
      WALL_CLOCK,
    );
    const taken: string[] = [];
    let release: () => void = () => undefined;
    const reader = await bus.consume(
      ['in', 'out'],
      {
        ...IGNORE,
        batch: async ({ records }) => {
          taken.push(...records.map(({ topic, offset }) => `${topic} ${offset}`));
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        },
      },
      WALL_CLOCK,
      READER,
    );
    await bus.produce('in', messages(1));
    await bus.produce('out', messages(1));
    await sleep(5);
    expect([seen, taken, bus.unreadBeside]).toEqual([1, ['in 0'], 2]);
    let isDone = false;
    const producing = bus.produce('out', messages(30)).then(() => {
      isDone = true;
    });
    await sleep(20);
    expect(isDone).toBe(false);
    while (bus.unreadBeside > 0 || !isDone) {
      release();
      await reader.commit([{ topic: 'out', partition: 0, offset: taken.length - 1 }]);
      await sleep(1);
    }
    await producing;
    expect([seen, taken.length, taken.at(-1)]).toEqual([1, 32, 'out 30']);
    await reader.close();
    await engine.close();
  });

  it('that is gone holds back nobody; one that comes late has what comes from then on', async () => {
    const bus = new MemoryBus({ partitions: 1, capacity: 2 });
    const engine = await bus.consume(['in'], IGNORE, WALL_CLOCK);
    const stuck = await bus.consume(
      ['out'],
      { ...IGNORE, batch: () => new Promise(() => undefined) },
      WALL_CLOCK,
      READER,
    );
    await bus.produce('out', messages(1));
    await sleep(5);
    const producing = bus.produce('out', messages(9));
    void stuck.close();
    await producing;
    const offsets: number[] = [];
    const late = await bus.consume(
      ['out'],
      {
        ...IGNORE,
        batch: async ({ records }) => {
          offsets.push(...records.map(({ offset }) => offset));
        },
      },
      WALL_CLOCK,
      READER,
    );
    await bus.produce('out', messages(1));
    await expect.poll(() => offsets).toEqual([10]);
    await late.close();
    await engine.close();
  });
});
