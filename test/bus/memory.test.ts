import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { RecordBatch } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';

const messages = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: 'p', value: Buffer.from(String(n)) }));

it('makes the producer wait until what it sent is committed', async () => {
  const bus = new MemoryBus({ partitions: 1, capacity: 10 });
  const batches: RecordBatch[] = [];
  const consumer = await bus.consume(['t'], async (batch) => {
    batches.push(batch);
  });
  let isDone = false;
  const producing = bus.produce('t', messages(25)).then(() => {
    isDone = true;
  });
  await sleep(20);
  expect(isDone).toBe(false);
  expect(batches.flatMap(({ records }) => records)).toHaveLength(10);
  await consumer.commit([{ topic: 't', partition: 0, offset: 10 }]);
  await sleep(20);
  await consumer.commit([{ topic: 't', partition: 0, offset: 20 }]);
  await producing;
  await sleep(20);
  const values = batches.flatMap(({ records }) => records.map(({ value }) => Number(value.toString())));
  expect(values).toEqual(Array.from({ length: 25 }, (_, n) => n));
  await consumer.close();
});

it('keeps a key in one partition and its order across topics', async () => {
  const bus = new MemoryBus({ partitions: 4, capacity: 100 });
  for (const topic of ['a', 'b', 'a']) await bus.produce(topic, messages(1));
  const batches: RecordBatch[] = [];
  const consumer = await bus.consume(['a', 'b'], async (batch) => {
    batches.push(batch);
  });
  await sleep(20);
  await consumer.close();
  expect(batches).toHaveLength(1);
  expect(batches[0].records.map(({ topic, offset }) => [topic, offset])).toEqual([
    ['a', 0],
    ['b', 0],
    ['a', 1],
  ]);
});
