import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordBatch, StateEntry } from '../../src/bus/bus.js';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock, WALL_CLOCK } from '../../src/clock.js';
import type { RiskScoreMessage } from '../../src/contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../../src/contract/topics.js';
import { BusSink, OUTPUT_TOPICS } from '../../src/engine/bus-sink.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Score, Sink } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { ScoresDigest } from '../../src/replay/digest.js';
import { produceAll, replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { LOUD_RULES } from '../helpers.js';
import { type Broker, startBroker } from './kafka/broker.js';

const PARTITIONS = 6;
const MINUTE_MS = 60_000;
const codec = new MessageCodec();
let broker: Broker;
let count = 0;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker?.stop();
});

/** Each test has topics and a group of its own. */
function busConfig(): KafkaBusConfig {
  const bus = parseConfig({ bus: { kind: 'kafka', brokers: broker.brokers, partitions: PARTITIONS } }).bus;
  return { ...(bus as KafkaBusConfig), groupId: `group-${++count}`, topicPrefix: `test-${count}.` };
}

function ward(seed: number, beds = 8, hours = 4): SourceMessage[] {
  const startTime = Math.floor(WALL_CLOCK.now() / MINUTE_MS) * MINUTE_MS - hours * 60 * MINUTE_MS - MINUTE_MS;
  return [...simulateWard({ beds, hours, seed, startTime, wardId: `W${seed}` })];
}

/** Keeps the scores of one ward only. */
class Kept implements Sink {
  readonly scores: Score[] = [];
  readonly #digest = new ScoresDigest();
  readonly #prefix: string;

  constructor(seed: number) {
    this.#prefix = `SIM-${seed}-`;
  }

  async write(outputs: Outputs): Promise<void> {
    const scores = outputs.scores.filter(({ patientId }) => patientId.startsWith(this.#prefix));
    this.scores.push(...scores);
    await this.#digest.write({ ...outputs, scores });
  }

  digest(): string {
    return this.#digest.digest();
  }
}

const CONFIG = parseConfig({ alerts: { rules: LOUD_RULES } });

async function openEngine(bus: KafkaBus, sinks: readonly Sink[]): Promise<Engine> {
  return Engine.open({ config: CONFIG, bus, clock: WALL_CLOCK, sinks });
}

async function expected(messages: readonly SourceMessage[]) {
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const source = { counts, total: 0, messages: () => messages };
  return replay(source, { config: CONFIG, speed: 'max' });
}

/** Waits until the group has committed all there is in the input topics. */
async function committed({ groupId, topicPrefix }: KafkaBusConfig): Promise<void> {
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await expect
      .poll(
        async () => {
          let lag = 0;
          const offsets = await admin.fetchOffsets({
            groupId,
            topics: INPUT_TOPICS.map((topic) => topicPrefix + topic),
          });
          for (const { topic, partitions } of offsets) {
            const ends = await admin.fetchTopicOffsets(topic);
            for (const { partition, high, low } of ends) {
              const done = Number(partitions.find((each) => each.partition === partition)?.offset ?? -1);
              lag += Number(high) - Math.max(done, Number(low));
            }
          }
          return lag;
        },
        { timeout: 60_000, interval: 200 },
      )
      .toBe(0);
  } finally {
    await admin.disconnect();
  }
}

const whole = (entry: StateEntry) => entry;

describe('KafkaBus', () => {
  it('makes the topics once, and refuses one whose partitions differ', async () => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    const names = Object.values(TOPICS);
    expect((await bus.createTopics(names)).sort()).toEqual([...names].sort());
    expect(await bus.createTopics(names)).toEqual([]);
    expect(await bus.listTopics()).toContainEqual({ name: TOPICS.vitals, partitions: PARTITIONS });
    await bus.close();
    const other = await KafkaBus.open({ ...config, partitions: 3 });
    await expect(other.createTopics(names)).rejects.toThrow(/has 6 partitions, bus.partitions is 3/);
    await other.close();
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads what is compressed with %s', async (compression) => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    const topic = config.topicPrefix + TOPICS.vitals;
    const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    // The broker compresses anew what its producers send otherwise.
    const configEntries = [{ name: 'compression.type', value: compression }];
    // kafkajs would give up on a broker that has not heard of the topic yet.
    const topics = [{ topic, numPartitions: PARTITIONS, configEntries }];
    await admin.createTopics({ waitForLeaders: false, topics });
    const led = async () => {
      const described = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
      return described.topics.flatMap(({ partitions }) => partitions.filter(({ leader }) => leader >= 0));
    };
    await expect.poll(led, { timeout: 20_000 }).toHaveLength(PARTITIONS);
    await admin.disconnect();
    // Larger than a block of Java's snappy, alike and not.
    const values = [Buffer.alloc(100_000, 'vitals '), randomBytes(100_000), Buffer.from('short')];
    await bus.produce(
      TOPICS.vitals,
      values.map((value) => ({ key: 'P', value })),
    );
    const read: Buffer[] = [];
    let failure: Error | null = null;
    const consumer = await bus.consume(
      [TOPICS.vitals],
      {
        assigned: async () => undefined,
        revoked: async () => undefined,
        failed: (error) => {
          failure = error;
        },
        batch: async ({ records }) => void read.push(...records.map(({ value }) => value)),
      },
      WALL_CLOCK,
    );
    await expect.poll(() => failure ?? read.length, { timeout: 20_000 }).toBe(values.length);
    await consumer.close();
    expect(read).toEqual(values);
    await bus.close();
  });

  it('keeps state of many megabytes, the newest of each key, by partition', async () => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    await bus.createTopics([TOPICS.state]);
    const changes = (version: number) =>
      Array.from({ length: 40 }, (_, key) => ({
        key: `P${key}`,
        partition: key % PARTITIONS,
        value: Buffer.alloc(100_000, key + version),
      }));
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    expect(await bus.state.restore(all, whole)).toEqual([]);
    const old = await bus.state.write(changes(1));
    const places = await bus.state.write(changes(2));
    expect(await bus.state.write([{ key: 'P7', partition: 1, value: null }])).toEqual([]);
    const byKey = (entries: readonly Omit<StateEntry, 'offset'>[]) =>
      entries.map(({ key, partition, value }) => `${key} ${partition} ${value[0]}`).sort();
    const newest = changes(2).filter(({ key }) => key !== 'P7');
    expect(byKey(await bus.state.restore(all, whole))).toEqual(byKey(newest));
    expect(byKey(await bus.state.restore([0, 1], whole))).toEqual(
      byKey(newest.filter(({ partition }) => partition < 2)),
    );
    // One by one at the places that the log gave, of any age; and the newest of a key that is no longer where it was.
    expect(byKey(await bus.state.read(places))).toEqual(byKey(changes(2)));
    expect(byKey(await bus.state.read(old.slice(3, 5)))).toEqual(byKey(changes(1).slice(3, 5)));
    const [{ offset: elsewhere }, moved] = [places[8], places[4]];
    expect(byKey(await bus.state.read([{ ...moved, offset: elsewhere }]))).toEqual(byKey([changes(2)[4]]));
    expect(await bus.state.read([{ key: 'nobody', partition: 0, offset: elsewhere }])).toEqual([]);
    await bus.close();
  });

  it('lets nothing count that a process writes which has lost the partition and does not know', async () => {
    const config = busConfig();
    const [sleeper, heir] = [await KafkaBus.open(config), await KafkaBus.open(config)];
    await heir.createTopics([TOPICS.state]);
    const write = ({ state }: KafkaBus, key: string, text: string) =>
      state.write([{ key, partition: 2, value: Buffer.from(text) }]);
    await sleeper.state.restore([2], whole);
    await write(sleeper, 'P1', 'old');
    await write(sleeper, 'P2', 'old, and nothing has happened since');
    await heir.state.restore([2], whole);
    await write(heir, 'P1', 'new');
    await write(sleeper, 'P1', 'stale');
    const texts = async () =>
      (await heir.state.restore([2], whole)).map(({ key, value }) => `${key}: ${value}`).sort();
    expect(await texts()).toEqual(['P1: new', 'P2: old, and nothing has happened since']);
    sleeper.state.giveUp([2]);
    await write(sleeper, 'P3', 'after it knows');
    await write(heir, 'P1', 'newest');
    expect(await texts()).toEqual(['P1: newest', 'P2: old, and nothing has happened since']);
    await sleeper.close();
    await heir.close();
  });

  it('commits nothing of a partition that is being assigned: what is to be committed is of an earlier generation', async () => {
    const config = busConfig();
    const [bus, other] = [await KafkaBus.open(config), await KafkaBus.open(config)];
    await bus.createTopics([...INPUT_TOPICS, TOPICS.state]);
    const mine = new Set<number>();
    let gate = Promise.resolve();
    const nothing = async () => undefined;
    let records = 0;
    const handler = (assigned: (partitions: readonly number[]) => Promise<void>) => ({
      assigned,
      batch: async (batch: RecordBatch) => {
        records += batch.records.length;
      },
      revoked: async (partitions: readonly number[]) => {
        for (const partition of partitions) mine.delete(partition);
      },
      failed: (error: Error) => expect.fail(error.message),
    });
    const consumer = await bus.consume(
      INPUT_TOPICS,
      handler(async (partitions) => {
        for (const partition of partitions) mine.add(partition);
        await gate;
      }),
      WALL_CLOCK,
    );
    await expect.poll(() => mine.size).toBe(PARTITIONS);
    await produceAll(ward(7, 1, 1).slice(0, 1), bus, codec);
    await expect.poll(() => records).toBe(1);
    const visitor = await other.consume(INPUT_TOPICS, handler(nothing), WALL_CLOCK);
    await expect.poll(() => mine.size).toBeLessThan(PARTITIONS);
    const theirs = Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(
      (each) => !mine.has(each),
    );
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    await visitor.close();
    await expect.poll(() => mine.size).toBe(PARTITIONS);
    const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topic = TOPICS.vitals;
    const committed = async () => {
      const topics = [config.topicPrefix + topic];
      const [{ partitions }] = await admin.fetchOffsets({ groupId: config.groupId, topics });
      return Number(partitions.find(({ partition }) => partition === theirs[0])?.offset);
    };
    const position = { topic, partition: theirs[0], offset: 7 };
    await consumer.commit([position]);
    expect(await committed()).toBe(-1);
    open();
    await expect
      .poll(async () => {
        await consumer.commit([position]);
        return committed();
      })
      .toBe(7);
    await admin.disconnect();
    await consumer.close();
    await Promise.all([bus.close(), other.close()]);
  });

  it('says which brokers do not answer', async () => {
    const config = { ...busConfig(), brokers: ['127.0.0.1:9'] };
    await expect(KafkaBus.open(config)).rejects.toMatchObject({
      code: 'WS_BUS',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });
});

describe('an engine on Kafka', () => {
  it('gives the scores a replay gives, commits all, and produces scores and alerts', async () => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    await bus.createTopics([...INPUT_TOPICS, ...OUTPUT_TOPICS, TOPICS.state]);
    const messages = ward(101);
    const reference = await expected(messages);
    await produceAll(messages, bus, codec);
    const kept = new Kept(101);
    const engine = await openEngine(bus, [new BusSink(bus, codec, 'm'), kept]);
    await engine.start();
    await expect.poll(() => kept.scores.length, { timeout: 60_000 }).toBe(reference.scores);
    await committed(config);
    expect(kept.digest()).toBe(reference.scoresDigest);
    await engine.close();
    await bus.close();
    const alerts = await readTopic(config, TOPICS.alerts);
    const raised = alerts.filter((value) => {
      const alert = codec.decode('Alert', value) as { patientId: string; sequence: number };
      return alert.patientId.startsWith('SIM-101-') && alert.sequence === 0;
    });
    expect(raised).toHaveLength(reference.alerts + reference.stateAlerts);
    expect(reference.alerts).toBeGreaterThan(0);
  });

  it('lets silent patients leave memory, leaves them in the log at an assignment, and scores on as if they had stayed', async () => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    await bus.createTopics([...INPUT_TOPICS, TOPICS.state]);
    const messages = ward(707, 4);
    const reference = await expected(messages);
    const middle = messages.findIndex(({ eventTime }) => eventTime > messages[0].eventTime + 2 * 3_600_000);
    const kept = new Kept(707);
    const state = { checkpointIntervalMs: 100, evictAfterMs: 60 * MINUTE_MS };
    const open = async () => {
      const engine = await Engine.open({
        config: parseConfig({ state, alerts: { rules: LOUD_RULES } }),
        bus,
        clock: WALL_CLOCK,
        sinks: [kept],
      });
      await engine.start();
      return engine;
    };
    await produceAll(messages.slice(0, middle), bus, codec);
    const first = await open();
    await expect.poll(() => first.silentPatients, { timeout: 30_000 }).toBe(4);
    expect(first.patients).toBe(0);
    await committed(config);
    await first.close();
    const second = await open();
    await expect.poll(() => second.silentPatients, { timeout: 30_000 }).toBe(4);
    expect(second.patients).toBe(0);
    await second.close();
    // While nobody reads, so that the topics are merged by event time like any backlog.
    await produceAll(messages.slice(middle), bus, codec);
    const third = await open();
    await expect.poll(() => kept.scores.length, { timeout: 30_000 }).toBe(reference.scores);
    expect(kept.digest()).toBe(reference.scoresDigest);
    await third.close();
    await bus.close();
  });

  it('shares the work: two engines in a group score every patient once between them', async () => {
    const config = busConfig();
    const buses = [await KafkaBus.open(config), await KafkaBus.open(config)];
    const kept = [new Kept(202), new Kept(202)];
    const engines = [await openEngine(buses[0], [kept[0]]), await openEngine(buses[1], [kept[1]])];
    await buses[0].createTopics(INPUT_TOPICS);
    const messages = ward(202, 16);
    const reference = await expected(messages);
    await produceAll(messages, buses[0], codec);
    await Promise.all(engines.map((engine) => engine.start()));
    await expect
      .poll(() => kept[0].scores.length + kept[1].scores.length, { timeout: 60_000 })
      .toBe(reference.scores);
    const patients = kept.map(({ scores }) => new Set(scores.map(({ patientId }) => patientId)));
    expect(patients[0].size).toBeGreaterThan(0);
    expect(patients[1].size).toBeGreaterThan(0);
    expect([...patients[0]].filter((id) => patients[1].has(id))).toEqual([]);
    const union = new Kept(202);
    for (const { scores } of kept) await union.write({ scores } as unknown as Outputs);
    expect(union.digest()).toBe(reference.scoresDigest);
    for (const engine of engines) await engine.close();
    for (const bus of buses) await bus.close();
  });

  it('reads on where it left off, and a message sent again changes nothing', async () => {
    const config = busConfig();
    const messages = ward(303, 4, 2);
    const first = await KafkaBus.open(config);
    const kept = new Kept(303);
    const engine = await openEngine(first, [kept]);
    await first.createTopics(INPUT_TOPICS);
    await produceAll(messages, first, codec);
    await engine.start();
    const reference = await expected(messages);
    await expect.poll(() => kept.scores.length, { timeout: 60_000 }).toBe(reference.scores);
    await produceAll(messages, first, codec);
    await expect.poll(() => engine.counts.duplicates, { timeout: 60_000 }).toBe(messages.length);
    await committed(config);
    expect(kept.digest()).toBe(reference.scoresDigest);
    await engine.close();
    await first.close();
    const second = await KafkaBus.open(config);
    const again = await openEngine(second, []);
    await again.start();
    await produceAll(ward(304, 1, 1), second, codec);
    await expect.poll(() => again.counts.messages, { timeout: 60_000 }).toBeGreaterThan(0);
    await committed(config);
    expect(again.counts.messages).toBe(ward(304, 1, 1).length);
    await again.close();
    await second.close();
  });
});

describe('the command line on Kafka', () => {
  it('makes topics, simulates into them, and runs until it is told to stop', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-run-'));
    const file = join(directory, 'ward.yaml');
    const bus = busConfig();
    const store = { kind: 'embedded', directory: join(directory, 'store') };
    writeFileSync(file, JSON.stringify({ bus, store, server: { port: 0 } }));
    const cli = (...args: string[]) => promisify(execFile)('node', ['dist/main.js', ...args]);
    const made = JSON.parse((await cli('topics', 'create', '--config', file, '--json')).stdout);
    expect(made.missing).toEqual([]);
    const args = ['--beds', '6', '--hours', '5', '--seed', '404', '--ward', 'CLI'];
    const sent = JSON.parse(
      (await cli('simulate', ...args, '--to', 'kafka', '--config', file, '--json')).stdout,
    );
    expect(sent.messages).toBeGreaterThan(500);
    const child = spawn('node', ['dist/main.js', 'run', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { url, token } = await addressOf(child);
    const alerts = async () => {
      const response = await fetch(`${url}/api/v1/alerts?limit=1000`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const body = (await response.json()) as { alerts: { wardId: string }[] };
      return body.alerts.filter(({ wardId }) => wardId === 'CLI').length;
    };
    await expect.poll(alerts, { timeout: 60_000 }).toBeGreaterThan(0);
    await committed(bus);
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  });
});

describe('faults', () => {
  it('loses nothing and changes nothing when work moves to a second process and the first one is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-faults-'));
    const bus = { ...busConfig(), sessionTimeoutMs: 6000 };
    const fileOf = (name: string) => {
      const file = join(directory, `${name}.yaml`);
      const store = { kind: 'embedded', directory: join(directory, name) };
      const state = { checkpointIntervalMs: 500 };
      writeFileSync(file, JSON.stringify({ bus, store, state, server: { port: 0 } }));
      return file;
    };
    const run = (name: string) =>
      spawn('node', ['dist/main.js', 'run', '--config', fileOf(name)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const messages = ward(505, 16, 30);
    const reference = new Map<string, number>();
    const keep: Sink = {
      write: async ({ scores }) => {
        for (const { patientId, eventTime, mortality } of scores)
          reference.set(`${patientId} ${eventTime}`, mortality);
      },
    };
    const memory = new MemoryBus({ partitions: 4, capacity: 8192 });
    const clock = new ReplayClock();
    const engine = await Engine.open({ config: parseConfig({}), bus: memory, clock, sinks: [keep] });
    await engine.start();
    for (let start = 0; start < messages.length; start += 500) {
      const chunk = messages.slice(start, start + 500);
      clock.advanceTo(chunk.at(-1)!.eventTime);
      await produceAll(chunk, memory, codec);
    }
    while (memory.unread > 0) await sleep(5);
    await engine.finish();
    const kafka = await KafkaBus.open(bus);
    await kafka.createTopics(Object.values(TOPICS));
    await produceAll(messages, kafka, codec);
    await kafka.close();
    const children: ChildProcess[] = [];
    try {
      const first = run('first');
      children.push(first);
      const { url, token } = await addressOf(first);
      const hoursDone = async () => {
        const response = await fetch(`${url}/api/v1/patients`, {
          headers: { authorization: `Bearer ${token}` },
        });
        const { clock: now } = (await response.json()) as { clock: number };
        return (now - messages[0].eventTime) / 3_600_000;
      };
      await expect.poll(hoursDone, { timeout: 60_000, interval: 50 }).toBeGreaterThan(2);
      const second = run('second');
      children.push(second);
      await addressOf(second);
      await sleep(1500);
      first.kill('SIGKILL');
      await committed(bus);
      second.kill('SIGTERM');
      expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(0);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
    const scores = new Map<string, number>();
    const differing: string[] = [];
    for (const value of await readTopic(bus, TOPICS.scores)) {
      const { patientId, eventTime, mortality } = codec.decode('RiskScore', value) as RiskScoreMessage;
      if (!patientId.startsWith('SIM-505-')) continue;
      const id = `${patientId} ${eventTime}`;
      if ((scores.get(id) ?? mortality) !== mortality) differing.push(id);
      scores.set(id, mortality);
    }
    expect(differing).toEqual([]);
    expect(scores.size).toBe(reference.size);
    expect(new Map([...scores].sort())).toEqual(new Map([...reference].sort()));
  });
});

/** Where its server listens, and the token it printed. */
function addressOf(child: ChildProcess): Promise<{ readonly url: string; readonly token: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (data: Buffer) => {
      text += String(data);
      const [, url, token] = /(http:\/\/[\d.]+:\d+)\/#token=(\S+)/.exec(text) ?? [];
      if (url !== undefined) resolve({ url, token });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`run ended with ${code}: ${text}`)));
  });
}

async function readTopic({ topicPrefix }: KafkaBusConfig, name: string): Promise<Buffer[]> {
  const topic = topicPrefix + name;
  const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const total = (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: `reader-${++count}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const values: Buffer[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!);
        if (values.length >= total) resolve();
      },
    });
    if (total === 0) resolve();
  });
  await consumer.disconnect();
  return values;
}
