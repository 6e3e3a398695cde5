import { expect, it, onTestFinished } from 'vitest';
import type { TailBatch, TailStart } from '../../../src/bus/bus.js';
import { EmbeddedBus } from '../../../src/bus/embedded/bus.js';
import { TOPICS } from '../../../src/contract/topics.js';
import { temporaryDirectory } from '../../helpers.js';

function open(directory: string): EmbeddedBus {
  const bus = EmbeddedBus.open({ directory, partitions: 2 });
  onTestFinished(() => bus.close());
  return bus;
}

/** What a reader without a group is given: `begun` once a topic, and each record as `partition offset key value`. */
function reader() {
  const begun: (readonly [string, string, readonly TailStart[]])[] = [];
  const read: string[] = [];
  const handler = {
    begun: (topic: string, id: string, starts: readonly TailStart[]) => begun.push([topic, id, starts]),
    batch: ({ partition, records }: TailBatch) => {
      for (const { offset, key, value } of records) read.push(`${partition} ${offset} ${key} ${value}`);
    },
  };
  return { begun, read, handler };
}

const message = (key: string, value: string | null, partition = 0) => ({
  key,
  partition,
  value: value === null ? null : Buffer.from(value),
});

it('gives every reader all that is left of a compacted topic, then what comes, tombstones too', async () => {
  const bus = open(temporaryDirectory());
  await bus.createTopics([TOPICS.patients]);
  await bus.produce(TOPICS.patients, [message('a', '1'), message('b', '1'), message('c', '1', 1)]);
  await bus.produce(TOPICS.patients, [message('a', '2')]);
  const readers = [reader(), reader()];
  const topics = [{ topic: TOPICS.patients, from: 'beginning' as const }];
  const tails = await Promise.all(readers.map(({ handler }) => bus.tail(topics, handler)));
  await expect.poll(() => readers[1].read.length).toBe(3);
  expect(tails[1].progress).toEqual({ partitions: 2, of: 2 });
  await bus.produce(TOPICS.patients, [message('b', null)]);
  for (const { read, begun } of readers) {
    await expect.poll(() => [...read].sort()).toEqual(['0 1 b 1', '0 2 a 2', '0 3 b null', '1 0 c 1']);
    expect(begun[0][2]).toEqual([
      { from: 1, end: 3 },
      { from: 0, end: 1 },
    ]);
  }
  expect(readers[0].begun[0][1]).toBe(readers[1].begun[0][1]);
  await Promise.all(tails.map((tail) => tail.close()));
  await bus.produce(TOPICS.patients, [message('a', '3')]);
  expect(readers[0].read).toHaveLength(4);
});

it('begins so many records before the end, and reads a stretch again', async () => {
  const bus = open(temporaryDirectory());
  await bus.createTopics([TOPICS.alerts]);
  const values = Array.from({ length: 2500 }, (_, index) => message('p', String(index)));
  await bus.produce(TOPICS.alerts, values);
  const { read, handler } = reader();
  const tail = await bus.tail([{ topic: TOPICS.alerts, from: 2 }], handler);
  await expect.poll(() => read).toEqual(['0 2498 p 2498', '0 2499 p 2499']);
  await tail.close();
  const stretch = await bus.read(TOPICS.alerts, 0, 10, 1500);
  expect([stretch.from, stretch.records.length]).toEqual([10, 1490]);
  expect((await bus.read(TOPICS.alerts, 0, 2400)).records).toHaveLength(100);
});

it('is given what is appended at once with what it does not read', async () => {
  const bus = open(temporaryDirectory());
  await bus.createTopics([TOPICS.scores]);
  const { read, handler } = reader();
  await bus.tail([{ topic: TOPICS.alerts, from: 0 }], handler);
  await Promise.all(
    [TOPICS.scores, TOPICS.scores, TOPICS.alerts].map((topic) => bus.produce(topic, [message('p', topic)])),
  );
  await expect.poll(() => read).toEqual([`0 0 p ${TOPICS.alerts}`]);
});
