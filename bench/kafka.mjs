// From a real Kafka to features, against a bare client that only reads the same topics, in one run: both are kafkajs in a
// process of this machine, which the broker shares. Beside it the whole of `wardstream run` over the same backlog, one process
// and three. Memory per bed is the figure `memory`.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import kafkajs from 'kafkajs';
import { PartitionMerge } from '../dist/align/merge.js';
import { KafkaBus } from '../dist/bus/kafka.js';
import { INPUT_TOPICS, TOPICS } from '../dist/contract/topics.js';
import { EventDecoder } from '../dist/engine/decode.js';
import { EncodeStage } from '../dist/engine/encode.js';
import { rebuild } from '../dist/engine/rebuild.js';
import { SchemaLoader } from '../dist/engine/schema-loader.js';
import { MessageCodec } from '../dist/events/codec.js';
import { loadModel } from '../dist/inference/model.js';
import { produceAll } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { simulateWard } from '../dist/simulate/ward.js';
import { openBroker } from './support/broker.mjs';
import { cpuSeconds, startEngine, stopped } from './support/processes.mjs';
import { Rate } from './support/rate.mjs';
import { rowMaker } from './support/rows.mjs';

const BEDS = Number(process.env.KAFKA_BEDS ?? 48);
const HOURS = Number(process.env.KAFKA_HOURS ?? 4);
const ROUNDS = 3;

async function fill(bus) {
  const codec = new MessageCodec();
  const startTime = Date.now() - (HOURS + 1) * 3_600_000;
  const patients = new Set();
  const ward = { beds: BEDS, hours: HOURS, seed: 1, startTime, wardId: 'W', vitalsIntervalMs: 1000 };
  const byTopic = new Map(INPUT_TOPICS.map((topic) => [topic, []]));
  for (const message of simulateWard(ward)) {
    if (message.topic === TOPICS.vitals || message.topic === TOPICS.labs)
      byTopic.get(message.topic).push(message);
    patients.add(message.key);
  }
  let total = 0;
  for (const messages of byTopic.values()) {
    for (let start = 0; start < messages.length; start += 5000) {
      await produceAll(messages.slice(start, start + 5000), bus, codec);
    }
    total += messages.length;
  }
  return { total, startTime, patients: [...patients] };
}

/** A bare client in a thread, warm after its first reading. */
class BareClient {
  #worker = new Worker(new URL('./support/bare-kafka.mjs', import.meta.url));

  async read({ brokers, topicPrefix }, total) {
    const topics = INPUT_TOPICS.map((topic) => topicPrefix + topic);
    this.#worker.postMessage({ brokers, topics, total });
    const [reached] = await once(this.#worker, 'message');
    return reached;
  }

  close() {
    return this.#worker.terminate();
  }
}

async function toFeatures(config, total) {
  const { align, limits } = parseConfig({});
  const model = loadModel('latest');
  const { aligner, made } = rowMaker(align, model);
  const decoder = new EventDecoder(new MessageCodec(), limits);
  const merges = new Map();
  const rate = new Rate();
  const bus = await KafkaBus.open({ ...config, groupId: `features-${randomUUID()}` });
  let finished = () => undefined;
  const done = new Promise((resolve) => {
    finished = resolve;
  });
  let consumer = null;
  const handler = {
    assigned: async (partitions, topics) => {
      for (const partition of partitions) {
        merges.set(partition, new PartitionMerge({ ...align, live: true }, topics));
      }
    },
    revoked: async () => undefined,
    failed: finished,
    batch: async ({ topic, partition, records }) => {
      const now = Date.now();
      rate.add(records.length);
      const events = [];
      for (const record of records) {
        const event = decoder.decode(record, now);
        if (event !== null) events.push(event);
      }
      const merge = merges.get(partition);
      merge.add(topic, events, now);
      for (const each of consumer?.progress() ?? []) merges.get(each.partition)?.note(each.topic, each);
      aligner.apply(merge.release(now));
      if (rate.count >= total) finished(rate.reached);
    },
  };
  consumer = await bus.consume(INPUT_TOPICS, handler, { now: Date.now, live: true });
  const reached = await done;
  await consumer.close();
  await bus.close();
  if (made.rows === 0) throw new Error('no row of features was made');
  return reached;
}

/** Seconds in which the past of all patients is read again, the joining of a group included, as after a change of model that needs it. */
async function rebuilding(config, { startTime, patients }) {
  const { align, limits } = parseConfig({});
  const { stepMs, steps } = loadModel('latest').config;
  const bus = await KafkaBus.open(config);
  const appliedTo = Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, Number.MAX_SAFE_INTEGER]));
  const place = { wardId: null, bedId: null };
  const times = { openedAt: startTime, lastEventAt: startTime };
  // Whose events are in which partition does not matter here: all are read.
  const lost = patients.map((patientId, index) => {
    const partition = index % config.partitions;
    return {
      ...times,
      patientId,
      partition,
      appliedTo,
      alerts: '',
      place,
      demographics: {},
      facts: undefined,
    };
  });
  const began = performance.now();
  const codec = new MessageCodec();
  const rebuilt = await rebuild(lost, {
    log: bus.state,
    codec,
    schemas: new SchemaLoader(codec),
    limits,
    align: { ...align, stepMs, steps },
    encoding: new EncodeStage({ text: null, image: null }),
  });
  const seconds = (performance.now() - began) / 1000;
  await bus.close();
  if (!rebuilt.some(({ patient }) => patient.lastEventAt > startTime))
    throw new Error('nothing was read again');
  return Number(seconds.toFixed(1));
}

/** What `count` processes read and commit a second of the backlog, and the processor time that they and the broker take for it. */
async function engines(count, config, total, broker) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-kafka-bench-'));
  const groupId = `engines-${randomUUID()}`;
  const client = new kafkajs.Kafka({ brokers: config.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const topics = INPUT_TOPICS.map((topic) => config.topicPrefix + topic);
  const committed = async () => {
    const offsets = await admin.fetchOffsets({ groupId, topics }).catch(() => []);
    return offsets
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  };
  const children = Array.from({ length: count }, (_, index) => {
    const file = join(directory, `${index}.json`);
    const store = { kind: 'embedded', directory: join(directory, `store-${index}`) };
    const state = { checkpointIntervalMs: 1000 };
    writeFileSync(file, JSON.stringify({ bus: { ...config, groupId }, store, state, server: { port: 0 } }));
    return startEngine(file).child;
  });
  const now = (done) => ({
    done,
    at: performance.now() / 1000,
    engines: children.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    broker: cpuSeconds(broker.pid),
  });
  let from = null;
  let done = 0;
  while (done < total) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    done = await committed();
    if (from === null && done > 0) from = now(done);
  }
  const to = now(done);
  for (const child of children) await stopped(child);
  await admin.disconnect();
  rmSync(directory, { recursive: true, force: true });
  const messages = to.done - from.done;
  const perMillion = (who) =>
    to[who] === null ? null : Number(((1e6 * (to[who] - from[who])) / messages).toFixed(1));
  return {
    processes: count,
    perSecond: Math.round(messages / (to.at - from.at)),
    cpuSecondsPerMillion: { engines: perMillion('engines'), broker: perMillion('broker') },
  };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

export async function measure() {
  const broker = await openBroker();
  try {
    const topicPrefix = `bench-${randomUUID()}.`;
    const { bus: config } = parseConfig({ bus: { kind: 'kafka', brokers: broker.brokers, topicPrefix } });
    const bus = await KafkaBus.open(config);
    await bus.createTopics(Object.values(TOPICS));
    const filled = await fill(bus);
    const messages = filled.total;
    await bus.close();
    const rates = { bare: [], features: [] };
    const bare = new BareClient();
    for (let round = 0; round <= ROUNDS; round++) {
      const some = { bare: await bare.read(config, messages), features: await toFeatures(config, messages) };
      if (round === 0) continue; // warming up
      for (const name of ['bare', 'features']) rates[name].push(some[name]);
    }
    await bare.close();
    const ratioOf = (unit) =>
      Number(median(rates.bare.map((each, index) => rates.features[index][unit] / each[unit])).toFixed(2));
    const of = (name, unit) => Math.round(median(rates[name].map((each) => each[unit])));
    const result = {
      ratio: ratioOf('perSecond'),
      cpuRatio: ratioOf('perCpuSecond'),
      barePerSecond: of('bare', 'perSecond'),
      featuresPerSecond: of('features', 'perSecond'),
      barePerCpuSecond: of('bare', 'perCpuSecond'),
      featuresPerCpuSecond: of('features', 'perCpuSecond'),
      rebuildSeconds: await rebuilding(config, filled),
      messages,
    };
    if (process.env.KAFKA_ENGINES === '0') return result;
    const one = await engines(1, config, messages, broker);
    const three = await engines(3, config, messages, broker);
    const speedup = Number((three.perSecond / one.perSecond).toFixed(2));
    // The whole of `run`, scores and store included, against one bare client.
    const ofBare = (some) => Number((some.perSecond / result.barePerSecond).toFixed(3));
    return {
      ...result,
      engines: { one, three, speedup, ofBare: { one: ofBare(one), three: ofBare(three) } },
    };
  } finally {
    await broker.stop();
  }
}
