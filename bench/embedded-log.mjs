import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'lmdb';
import { EmbeddedBus } from '../dist/bus/embedded/bus.js';
import { ROOT_OPTIONS } from '../dist/bus/embedded/options.js';
import { encodeRecord } from '../dist/bus/embedded/record.js';
import { MemoryBus } from '../dist/bus/memory.js';
import { ReplayClock } from '../dist/clock.js';
import { Engine } from '../dist/engine/engine.js';
import { ScoresDigest } from '../dist/replay/digest.js';
import { produceAll } from '../dist/replay/replay.js';
import { memoryBusOf } from '../dist/settings/bus.js';
import { parseConfig } from '../dist/settings/config.js';
import { openSource } from '../dist/sources/open-source.js';
import { SET_A } from './support/command.mjs';

/** A VitalSigns message of six observations has about so many bytes. */
const VALUE = Buffer.alloc(139, 7);
const PATIENTS = 500;
const SIZES = [1, 10, 100, 1000];
const SECONDS = 2;
/** Of set A; and messages produced at once, as a replay does. */
const STAYS = 100;
const CHUNK = 512;

/**
 * Messages acknowledged a second, each batch on the disk (fsync) before the next is sent, by batch size: through the embedded log, and
 * written to the same database directly, in the same batches. And through the log where eight senders send at once. Then stays of set A at
 * full speed through an engine, over the bus in memory and over the embedded log, in turn: seconds by the clock and of the processor, and
 * whether the scores are the same.
 */
export async function measure() {
  const batches = {};
  for (const size of SIZES) {
    const raw = await inDirectory((directory) => rateOf(rawWriter(directory), size, 1));
    const log = await inDirectory((directory) => rateOf(logWriter(directory), size, 1));
    const eight = await inDirectory((directory) => rateOf(logWriter(directory), size, 8));
    batches[size] = {
      rawPerSecond: Math.round(raw),
      logPerSecond: Math.round(log),
      ratio: Number((log / raw).toFixed(2)),
      eightSendersPerSecond: Math.round(eight),
    };
  }
  return { figure: 'embedded-log', batches, replay: await replays() };
}

async function replays() {
  const seconds = { memory: [], embedded: [] };
  const processor = { memory: [], embedded: [] };
  const digests = new Set();
  const config = parseConfig({});
  for (let round = 0; round < 2; round++) {
    const inMemory = await replayed(config, () => new MemoryBus(memoryBusOf(config)));
    const onDisk = await inDirectory((directory) =>
      replayed(config, (clock) => EmbeddedBus.open({ directory, partitions: 4, clock })),
    );
    for (const [kind, run] of Object.entries({ memory: inMemory, embedded: onDisk })) {
      seconds[kind].push(run.seconds);
      processor[kind].push(run.processor);
      digests.add(run.digest);
    }
  }
  const ratio = ({ memory, embedded }) => Number((Math.min(...embedded) / Math.min(...memory)).toFixed(2));
  const ratios = { seconds: ratio(seconds), processor: ratio(processor) };
  return { stays: STAYS, seconds, processor, ratios, hasSameScores: digests.size === 1 };
}

/** Stays of set A through an engine that reads the bus. */
async function replayed(config, openBus) {
  const clock = new ReplayClock();
  const bus = openBus(clock);
  let handedOver = 0;
  const counted = (handler) => ({
    assigned: (...given) => handler.assigned(...given),
    revoked: (partitions) => handler.revoked(partitions),
    failed: (error) => handler.failed(error),
    batch: async (batch) => {
      await handler.batch(batch);
      handedOver += batch.records.length;
    },
  });
  const own = {
    name: bus.name,
    state: null,
    createTopics: (topics) => bus.createTopics(topics),
    listTopics: () => bus.listTopics(),
    produce: (topic, messages) => bus.produce(topic, messages),
    consume: (topics, handler, at) => bus.consume(topics, counted(handler), at),
    close: () => bus.close(),
  };
  const scores = new ScoresDigest();
  const engine = await Engine.open({ config, bus: own, clock, sinks: [scores] });
  await engine.start();
  const began = performance.now();
  const before = process.cpuUsage();
  let produced = 0;
  let chunk = [];
  const send = async () => {
    for (const { eventTime } of chunk) clock.advanceTo(eventTime);
    await produceAll(chunk, own, engine.codec);
    produced += chunk.length;
    chunk = [];
  };
  for await (const message of openSource(`physionet2012:${SET_A}`, STAYS).messages()) {
    chunk.push(message);
    if (chunk.length >= CHUNK) await send();
  }
  await send();
  while (handedOver < produced && engine.failure === null) await sleep(5);
  await engine.finish();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  const { user, system } = process.cpuUsage(before);
  const processor = Number(((user + system) / 1e6).toFixed(1));
  await engine.close();
  await own.close();
  if (engine.failure !== null) throw engine.failure;
  return { seconds, processor, digest: scores.digest() };
}

async function rateOf({ write, close }, size, senders) {
  let count = 0;
  const until = performance.now() + SECONDS * 1000;
  const began = performance.now();
  const send = async () => {
    for (let n = 0; performance.now() < until; n++) {
      const messages = Array.from({ length: size }, (_, index) => ({
        key: `p${(n * size + index) % PATIENTS}`,
        value: VALUE,
      }));
      await write(messages);
      count += size;
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  const seconds = (performance.now() - began) / 1000;
  await close();
  return count / seconds;
}

function rawWriter(path) {
  const root = open({ ...ROOT_OPTIONS, path });
  const table = root.openDB({ name: 't', encoding: 'binary' });
  let next = 0;
  return {
    write: async (messages) => {
      root.transactionSync(() => {
        for (const { key, value } of messages) table.putSync(next++, encodeRecord(0, key, value));
      });
    },
    close: () => root.close(),
  };
}

function logWriter(directory) {
  const bus = EmbeddedBus.open({ directory, partitions: 4 });
  return { write: (messages) => bus.produce('ward.vitals', messages), close: () => bus.close() };
}

async function inDirectory(call) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  try {
    return await call(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
