import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import type { RecordBatch, StateEntry } from '../../src/bus/bus.js';
import { KafkaBus } from '../../src/bus/kafka.js';
import { WALL_CLOCK } from '../../src/clock.js';
import { INPUT_TOPICS, TOPICS } from '../../src/contract/topics.js';
import { produceAll } from '../../src/replay/replay.js';
import { broker, busConfig, codec, PARTITIONS, useBroker, ward } from './kafka/engines.js';

useBroker();
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
