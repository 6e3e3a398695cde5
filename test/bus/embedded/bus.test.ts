import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  Consumer,
  Reader as GroupReader,
  LogState,
  RecordBatch,
  RecordHandler,
} from '../../../src/bus/bus.js';
import { EmbeddedBus } from '../../../src/bus/embedded/bus.js';
import { murmur2Partition } from '../../../src/bus/partitioners.js';
import { TOPICS } from '../../../src/contract/topics.js';

const DAY_MS = 24 * 3_600_000;
let directory: string;
let now = 0;
const clock = { now: () => now, live: true };
let bus: EmbeddedBus;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardstream-bus-'));
  now = 1_000_000;
  bus = EmbeddedBus.open({ directory, partitions: 3, clock });
});

afterEach(async () => {
  await bus.close();
  rmSync(directory, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  await bus.close();
  bus = EmbeddedBus.open({ directory, partitions: 5, clock });
}

/** What a consumer was given. */
class Reader implements RecordHandler {
  readonly values: string[] = [];
  readonly batches: RecordBatch[] = [];
  readonly partitions: number[] = [];
  logs: LogState | undefined;
  error: Error | null = null;
  async assigned(partitions: readonly number[], _topics: readonly string[], logs?: LogState): Promise<void> {
    this.partitions.push(...partitions);
    this.logs = logs;
  }
  async batch(batch: RecordBatch): Promise<void> {
    this.batches.push(batch);
    for (const { value } of batch.records) this.values.push(value.toString());
  }
  async revoked(): Promise<void> {}
  failed(error: Error): void {
    this.error = error;
  }
}

const message = (key: string, value: string) => ({ key, value: Buffer.from(value) });

async function read(
  topics: readonly string[],
  as?: GroupReader,
): Promise<{ reader: Reader; consumer: Consumer }> {
  const reader = new Reader();
  return { reader, consumer: await bus.consume(topics, reader, clock, as) };
}

it('hands over what was there before and what comes, by the partition of the key', async () => {
  await bus.produce(TOPICS.vitals, [message('Ann', '1'), message('Bob', '2')]);
  const { reader, consumer } = await read([TOPICS.adt, TOPICS.vitals]);
  await bus.produce(TOPICS.adt, [message('Ann', '3')]);
  await vi.waitFor(() => expect(reader.values.sort()).toEqual(['1', '2', '3']));
  expect(reader.partitions).toEqual([0, 1, 2]);
  for (const { partition, records, topic: name } of reader.batches) {
    for (const { source, topic } of records) {
      expect(murmur2Partition(source?.key as Buffer, 3)).toBe(partition);
      expect(topic).toBe(name);
    }
  }
  await consumer.close();
});

it('reads on from what was committed, and again what was not', async () => {
  const texts = Array.from({ length: 5000 }, (_, n) => String(n));
  await bus.produce(
    TOPICS.vitals,
    texts.map((text) => message('Ann', text)),
  );
  const first = await read([TOPICS.vitals]);
  await vi.waitFor(() => expect(first.reader.values).toEqual(texts));
  const [batch] = first.reader.batches;
  expect(await first.consumer.commit(batch.positions)).toBe(true);
  await first.consumer.close();
  await reopen();
  const second = await read([TOPICS.vitals]);
  await vi.waitFor(() => expect(second.reader.values).toEqual(texts.slice(batch.records.length)));
  await second.consumer.close();
});

it('tells how far topics are read by when what is unread was appended', async () => {
  const { reader, consumer } = await read([TOPICS.vitals]);
  const told = () => consumer.progress().find(({ partition }) => partition === murmur2Partition('Ann', 3));
  now = 2_000_000;
  expect(told()).toMatchObject({ readThrough: 2_000_000, completeThrough: 2_000_000, silentMs: 0 });
  consumer.pause(murmur2Partition('Ann', 3), [TOPICS.vitals]);
  await bus.produce(TOPICS.vitals, [message('Ann', '1')]);
  now = 3_000_000;
  expect([told()?.readThrough, reader.values]).toEqual([2_000_000, []]);
  consumer.pause(murmur2Partition('Ann', 3), []);
  await vi.waitFor(() => expect(told()?.readThrough).toBe(3_000_000));
  expect(reader.values).toEqual(['1']);
  await consumer.close();
});

it('ends reading with the error of whoever handles a batch', async () => {
  const { reader, consumer } = await read([TOPICS.vitals]);
  reader.batch = async () => {
    throw new Error('broken');
  };
  await bus.produce(TOPICS.vitals, [message('Ann', '1')]);
  await vi.waitFor(() => expect(reader.error?.message).toBe('broken'));
  await consumer.close();
});

it('keeps input that nobody has dealt with, however old', async () => {
  const { consumer } = await read([TOPICS.vitals]);
  await bus.produce(TOPICS.vitals, [message('Ann', '1'), message('Ann', '2')]);
  await bus.produce(TOPICS.scores, [message('Ann', 'score')]);
  now += 400 * DAY_MS;
  const partition = murmur2Partition('Ann', 3);
  await consumer.commit([{ topic: TOPICS.vitals, partition, offset: 1 }]);
  await consumer.close();
  await bus.sweep();
  await bus.produce(TOPICS.vitals, [message('Ann', '3')]);
  await reopen();
  const again = await read([TOPICS.vitals, TOPICS.scores]);
  await vi.waitFor(() => expect(again.reader.values).toEqual(['2', '3']));
  await again.consumer.close();
});

it('keeps the newest state of each patient over a restart, and gives the input again that it came from', async () => {
  await bus.createTopics([TOPICS.state, TOPICS.vitals]);
  const change = (key: string, value: string | null) => ({
    key,
    partition: 1,
    value: value === null ? null : Buffer.from(value),
  });
  const [old] = await bus.state.write([change('Ann', 'a1')]);
  const places = await bus.state.write([change('Ann', 'a2'), change('Bob', 'b1'), change('Cid', 'c1')]);
  await bus.state.write([change('Cid', null)]);
  await bus.produce(TOPICS.vitals, [{ ...message('Ann', '1'), partition: 1 }]);
  now += 1000;
  await bus.produce(
    TOPICS.vitals,
    [2, 3, 4].map((n) => ({ ...message('Ann', String(n)), partition: 1 })),
  );
  await reopen();
  const entries = await bus.state.restore([0, 1, 2], ({ key, value }) => `${key} ${value}`);
  expect(entries).toEqual(['Ann a2', 'Bob b1']);
  const texts = (await bus.state.read([old, places[1], places[2]])).map(
    ({ key, value }) => `${key} ${value}`,
  );
  // Of a place that is gone the newest; of one that was removed nothing.
  expect(texts).toEqual(['Ann a2', 'Bob b1']);
  const reread: [string[], boolean][] = [];
  await bus.state.reread(
    [{ topic: TOPICS.vitals, partition: 1, since: now, until: 3 }],
    async ({ records }, isDone) => {
      reread.push([records.map(({ value }) => value.toString()), isDone]);
    },
  );
  expect(reread).toEqual([
    [[], false],
    [['2', '3'], true],
  ]);
});

describe('a reader beside the engine', () => {
  const as = (group: string, since = Number.POSITIVE_INFINITY, lookBack = 0): GroupReader => ({
    group,
    who: group,
    since: async () => since,
    lookBack,
  });
  const partition = murmur2Partition('Ann', 3);
  const texts = (...numbers: number[]) => numbers.map(String);
  const send = (...numbers: number[]) =>
    bus.produce(
      TOPICS.alerts,
      texts(...numbers).map((text) => message('Ann', text)),
    );

  it('begins at the end, or where it says, and has a position of its own', async () => {
    await send(1);
    now += 1000;
    await send(2);
    const newest = await read([TOPICS.alerts], as('newest'));
    const some = await read([TOPICS.alerts], as('some', now));
    const all = await read([TOPICS.alerts]);
    await send(3);
    await vi.waitFor(() => expect(newest.reader.values).toEqual(texts(3)));
    await vi.waitFor(() => expect(some.reader.values).toEqual(texts(2, 3)));
    await vi.waitFor(() => expect(all.reader.values).toEqual(texts(1, 2, 3)));
    await newest.consumer.commit([{ topic: TOPICS.alerts, partition, offset: 3, note: '5.a' }]);
    await some.consumer.commit([{ topic: TOPICS.alerts, partition, offset: 1 }]);
    for (const { consumer } of [newest, some, all]) await consumer.close();
    await reopen();
    await send(4);
    const again = await read([TOPICS.alerts], as('newest'));
    expect(again.reader.logs?.committed?.(TOPICS.alerts, partition)).toEqual({ offset: 3, note: '5.a' });
    await vi.waitFor(() => expect(again.reader.values).toEqual(texts(4)));
    const others = await read([TOPICS.alerts], as('some'));
    await vi.waitFor(() => expect(others.reader.values).toEqual(texts(2, 3, 4)));
    const engine = await read([TOPICS.alerts]);
    await vi.waitFor(() => expect(engine.reader.values).toEqual(texts(1, 2, 3, 4)));
    for (const { consumer } of [again, others, engine]) await consumer.close();
  });

  it('is handed what stands before its position once more, as far as it looks back', async () => {
    await send(1, 2, 3, 4);
    const first = await read([TOPICS.alerts], as('g'));
    await first.consumer.commit([{ topic: TOPICS.alerts, partition, offset: 3 }]);
    await first.consumer.close();
    const two = await read([TOPICS.alerts], as('g', 0, 2));
    await vi.waitFor(() => expect(two.reader.values).toEqual(texts(2, 3, 4)));
    const all = await read([TOPICS.alerts], as('g', 0, 100));
    await vi.waitFor(() => expect(all.reader.values).toEqual(texts(1, 2, 3, 4)));
    for (const { consumer } of [two, all]) await consumer.close();
  });

  it('keeps what it has not dealt with, however old', async () => {
    await send(1, 2, 3);
    const slow = await read([TOPICS.alerts], as('slow'));
    const fast = await read([TOPICS.alerts], as('fast'));
    await slow.consumer.commit([{ topic: TOPICS.alerts, partition, offset: 1 }]);
    await fast.consumer.commit([{ topic: TOPICS.alerts, partition, offset: 3 }]);
    now += 400 * DAY_MS;
    await bus.sweep();
    const all = await read([TOPICS.alerts], as('all', 0));
    await vi.waitFor(() => expect(all.reader.values).toEqual(texts(2, 3)));
    for (const { consumer } of [slow, fast, all]) await consumer.close();
  });
});
