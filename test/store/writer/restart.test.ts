import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmbeddedBus } from '../../../src/bus/embedded/bus.js';
import { WALL_CLOCK } from '../../../src/clock.js';
import { TOPICS } from '../../../src/contract/topics.js';
import { BusSink, scoreMessage } from '../../../src/engine/bus-sink.js';
import { readSchema, SINGLE_OBJECT_HEADER_BYTES } from '../../../src/events/avro.js';
import { MessageCodec, type SchemaRegistry } from '../../../src/events/codec.js';
import { openStore } from '../../../src/store/open-store.js';
import { select } from '../../../src/store/select.js';
import { StoreWriter } from '../../../src/store/writer/store-writer.js';
import { LIMITS, outputsOf, score, temporaryDirectory } from '../../helpers.js';
import { ClickHouseFront } from '../front.js';

const front = new ClickHouseFront();
let client: ClickHouseClient;
beforeAll(async () => {
  await front.come();
  client = await openStore({ kind: 'server', url: front.url, database: 'restart' });
});
afterAll(async () => {
  await client.close();
  await front.close();
});

it.each([
  ['had not got its rows in', 'cut-before', 5],
  ['was not told that its rows are in', 'cut-after', 30],
])('a writer goes on for one that %s: nothing is lost or doubled', async (_, fault, left) => {
  await client.command({ query: 'TRUNCATE TABLE scores' });
  const bus = EmbeddedBus.open({ directory: temporaryDirectory(), partitions: 2 });
  const codec = new MessageCodec();
  const sink = new BusSink(bus, codec, 'm1', { isLive: false });
  const own = { bus, client, codec, limits: LIMITS, clock: WALL_CLOCK, maxAgeMs: 10, maxRows: 2 };
  const write = async (from: number, to: number) => {
    for (let minute = from; minute < to; minute++)
      await sink.write(outputsOf({ scores: [score(minute, 0.1, { patientId: `p${minute % 3}` })] }));
    await sink.flush();
  };
  const stored = async () =>
    (await select<{ rows: number }>(client, 'SELECT count() AS rows FROM scores FINAL'))[0].rows;

  const first = await StoreWriter.start(own);
  await write(0, 5);
  await expect.poll(stored, { timeout: 20_000 }).toBe(5);
  front.fault = fault;
  await write(5, 30);
  await expect.poll(() => first.waiting, { timeout: 20_000 }).toBeGreaterThan(0);
  await first.close();
  // A group that is left asks once more for what waits; what is given up is waited for by nobody.
  await first.flush();
  await front.come();
  expect(await stored()).toBe(left);

  const second = await StoreWriter.start(own);
  await expect.poll(stored, { timeout: 20_000 }).toBe(30);
  // What it is told to end with is in the store when it has ended.
  await write(30, 40);
  await second.close();
  expect(await stored()).toBe(40);

  const before = front.requests;
  const third = await StoreWriter.start(own);
  await sleep(200);
  expect([front.requests - before, third.waiting]).toEqual([0, 0]);
  await third.close();
  await sink.close();
  await bus.close();
});

it('a writer that is closed while it waits for a schema leaves the message to the next one', async () => {
  await client.command({ query: 'TRUNCATE TABLE scores' });
  const bus = EmbeddedBus.open({ directory: temporaryDirectory(), partitions: 1 });
  const message = scoreMessage(score(1, 0.1), 'm1', false);
  const datum = new MessageCodec().encode('RiskScore', message).subarray(SINGLE_OBJECT_HEADER_BYTES);
  // Confluent framing: byte 00, then the id 7.
  const value = Buffer.concat([Buffer.from('0000000007', 'hex'), datum]);
  await bus.createTopics([TOPICS.scores]);
  await bus.produce(TOPICS.scores, [{ key: 'p1', value }]);
  let asked = 0;
  const away = async () => {
    asked++;
    throw new Error('away');
  };
  const start = (fetchSchema: SchemaRegistry['fetchSchema']) =>
    StoreWriter.start({
      bus,
      client,
      codec: new MessageCodec({ registry: { fetchSchema } }),
      limits: LIMITS,
      clock: WALL_CLOCK,
      maxAgeMs: 10,
    });
  const first = await start(away);
  await expect.poll(() => asked).toBeGreaterThan(0);
  await first.close();
  expect(first.unreadable).toBe(0);
  const second = await start(async () => readSchema('RiskScore'));
  const stored = async () =>
    (await select<{ rows: number }>(client, 'SELECT count() AS rows FROM scores FINAL'))[0].rows;
  await expect.poll(stored, { timeout: 10_000 }).toBe(1);
  await second.close();
  await bus.close();
}, 30_000);

it('holds on to nothing of a batch that is written', async () => {
  await client.command({ query: 'TRUNCATE TABLE scores' });
  const bus = EmbeddedBus.open({ directory: temporaryDirectory(), partitions: 1 });
  const codec = new MessageCodec();
  const sink = new BusSink(bus, codec, 'm1', { isLive: false });
  const warnings: string[] = [];
  const warned = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warned);
  const own = { bus, client, codec, limits: LIMITS, clock: WALL_CLOCK, maxAgeMs: 1, maxRows: 1 };
  const writer = await StoreWriter.start({ ...own, ready: Promise.resolve() });
  const stored = async () =>
    (await select<{ rows: number }>(client, 'SELECT count() AS rows FROM scores FINAL'))[0].rows;
  // Node warns of the eleventh listener of one signal.
  for (let minute = 0; minute < 15; minute++) {
    await sink.write(outputsOf({ scores: [score(minute, 0.1)] }));
    await sink.flush();
    await expect.poll(stored, { timeout: 20_000, interval: 10 }).toBe(minute + 1);
  }
  await writer.close();
  process.off('warning', warned);
  expect(warnings).toEqual([]);
  await sink.close();
  await bus.close();
});
