import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, {
  type AclOperationTypes,
  type AclPermissionTypes,
  type Admin,
  Kafka,
  logLevel,
  Partitioners,
} from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RecordHandler } from '../../../src/bus/bus.js';
import { KafkaBus, type KafkaBusConfig } from '../../../src/bus/kafka.js';
import type { Notices } from '../../../src/bus/troubles.js';
import { WALL_CLOCK } from '../../../src/clock.js';
import { TOPICS } from '../../../src/contract/topics.js';
import { parseConfig } from '../../../src/settings/config.js';
import { type Broker, twoBrokers } from '../kafka/broker.js';

const PARTITIONS = 4;
/** So long nobody may be without alerts after a broker is back. */
const TEN_SECONDS_MS = 10_000;
let stable: Broker;
let lost: Broker;
let admin: Admin;
let count = 0;

beforeAll(async () => {
  [stable, lost] = await twoBrokers();
  admin = new Kafka({ brokers: stable.brokers, logLevel: logLevel.NOTHING, retry: { retries: 60 } }).admin();
  await admin.connect();
});
afterAll(async () => {
  await admin?.disconnect();
  await lost?.stop();
  await stable?.stop();
});

/** A deployment of its own: its bus, and the notices that it put up. */
class Deployment {
  readonly config: KafkaBusConfig;
  readonly raised: string[] = [];
  readonly cleared: string[] = [];
  readonly said: string[] = [];
  readonly #notices: Notices = {
    raise: ({ kind, subject = '' }) => void this.raised.push(`${kind} ${subject}`.trim()),
    clear: (kind, subject = '') => void this.cleared.push(`${kind} ${subject}`.trim()),
  };

  constructor(partitions = PARTITIONS) {
    const name = `kafka-faults-${++count}`;
    const bus = {
      kind: 'kafka',
      brokers: stable.brokers,
      partitions,
      groupId: name,
      topicPrefix: `${name}.`,
    };
    this.config = parseConfig({ bus }).bus as KafkaBusConfig;
  }

  async open(): Promise<KafkaBus> {
    const bus = await KafkaBus.open(this.config, {
      notices: this.#notices,
      onWarning: (message) => void this.said.push(message),
    });
    onTestFinished(() => bus.close());
    return bus;
  }

  /** Makes topics, each partition of which is led by the broker that `leaderOf` names. */
  async make(topics: readonly string[], leaderOf: (partition: number) => number = () => 1): Promise<void> {
    const replicaAssignment = Array.from({ length: this.config.partitions }, (_, partition) => ({
      partition,
      replicas: [leaderOf(partition)],
    }));
    const described = topics.map((topic) => ({ topic: this.config.topicPrefix + topic, replicaAssignment }));
    await admin.createTopics({ waitForLeaders: false, topics: described });
    await expect
      .poll(() => this.leaders(topics[0]), { timeout: 20_000 })
      .toHaveLength(this.config.partitions);
  }

  async leaders(topic: string): Promise<number[]> {
    const names = [this.config.topicPrefix + topic];
    const described = await admin.fetchTopicMetadata({ topics: names }).catch(() => ({ topics: [] }));
    return described.topics.flatMap(({ partitions }) =>
      partitions.filter(({ leader }) => leader >= 0).map(({ leader }) => leader),
    );
  }

  /** Sends values as an interface would. */
  async send(
    topic: string,
    values: readonly { readonly partition: number; readonly value: string }[],
  ): Promise<void> {
    const producer = new Kafka({ brokers: stable.brokers, logLevel: logLevel.NOTHING }).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await producer.send({ topic: this.config.topicPrefix + topic, messages: [...values] });
    await producer.disconnect();
  }
}

/** Reads topics and keeps what comes, as text. */
async function reading(bus: KafkaBus, topics: readonly string[]) {
  const read: string[] = [];
  let failure: Error | null = null;
  const handler: RecordHandler = {
    assigned: async () => undefined,
    revoked: async () => undefined,
    failed: (error) => {
      failure = error;
    },
    batch: async ({ records }) => void read.push(...records.map(({ value }) => value.toString())),
  };
  const consumer = await bus.consume(topics, handler, WALL_CLOCK);
  onTestFinished(() => consumer.close());
  return { read, consumer, failure: () => failure };
}

const within = (timeout: number) => ({ timeout, interval: 50 });

describe('a broker that is lost, with a replication of 1', () => {
  it('holds up what it led only: the rest is read and written, and it is told', async () => {
    const deployment = new Deployment();
    const bus = await deployment.open();
    const topics = [TOPICS.vitals, TOPICS.scores];
    await deployment.make(topics, (partition) => 1 + (partition % 2));
    const { read, failure } = await reading(bus, [TOPICS.vitals]);
    const all = Array.from({ length: PARTITIONS }, (_, partition) => ({
      partition,
      value: `first ${partition}`,
    }));
    await deployment.send(TOPICS.vitals, all);
    await expect.poll(() => read.length, within(20_000)).toBe(PARTITIONS);
    await lost.kill();
    const out = Array.from({ length: 40 }, (_, index) => ({
      key: `patient-${index}`,
      value: Buffer.from(`${index}`),
    }));
    const sent = out.map((message) => {
      let isSent = false;
      const done = bus.produce(TOPICS.scores, [message]).then(() => {
        isSent = true;
      });
      done.catch(() => undefined);
      return { done, isSent: () => isSent };
    });
    // Of four partitions the two that are left.
    await expect.poll(() => sent.filter(({ isSent }) => isSent()).length, within(3000)).toBeGreaterThan(10);
    for (const partition of [0, 2])
      await deployment.send(TOPICS.vitals, [{ partition, value: `second ${partition}` }]);
    await expect
      .poll(() => read.filter((value) => value.startsWith('second')).length, within(10_000))
      .toBe(2);
    await expect
      .poll(
        () => deployment.raised.some((each) => each.startsWith('output-held ward.scores')),
        within(25_000),
      )
      .toBe(true);
    await expect.poll(() => deployment.raised, within(20_000)).toContain('input-unled ward.vitals');
    expect(bus.troubles.faults.join()).toContain('no broker leads partitions 1, 3 of ward.vitals');
    await lost.restart();
    await Promise.all(sent.map(({ done }) => done));
    await deployment.send(TOPICS.vitals, [{ partition: 1, value: 'third 1' }]);
    await expect.poll(() => read, within(TEN_SECONDS_MS)).toContain('third 1');
    await expect.poll(() => bus.troubles.faults, within(15_000)).toEqual([]);
    expect(failure()).toBeNull();
  });
});

describe('WRITE that is denied', () => {
  /** Says who may do what on a topic. */
  const rule = (topic: string, permissionType: AclPermissionTypes, operation: AclOperationTypes) => ({
    resourceType: kafkajs.AclResourceTypes.TOPIC,
    resourceName: topic,
    resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
    principal: 'User:ANONYMOUS',
    host: '*',
    operation,
    permissionType,
  });
  const { ALLOW, DENY } = kafkajs.AclPermissionTypes;
  const { ALL, WRITE } = kafkajs.AclOperationTypes;

  it('on dead letters and scores is told: the former are dropped and counted, the latter wait until it is allowed', async () => {
    const deployment = new Deployment();
    const bus = await deployment.open();
    await deployment.make([TOPICS.deadLetters, TOPICS.scores, TOPICS.alerts, TOPICS.acks]);
    const denied = [TOPICS.deadLetters, TOPICS.scores, TOPICS.acks].map(
      (topic) => deployment.config.topicPrefix + topic,
    );
    await admin.createAcls({
      acl: denied.flatMap((topic) => [rule(topic, ALLOW, ALL), rule(topic, DENY, WRITE)]),
    });
    const message = { key: 'p', value: Buffer.from('x') };
    // A broker hears of it a moment later.
    await expect
      .poll(
        () => bus.produce(TOPICS.deadLetters, [message]).then(() => bus.dropped.get(TOPICS.deadLetters)),
        within(10_000),
      )
      .toBeGreaterThan(0);
    let isWritten = false;
    const written = bus.produce(TOPICS.scores, [message]).then(() => {
      isWritten = true;
    });
    written.catch(() => undefined);
    // Others are not held up, and who waits for an answer gets one.
    await bus.produce(TOPICS.alerts, [message]);
    await expect(bus.produce(TOPICS.acks, [message])).rejects.toThrow(/authori/i);
    await expect.poll(() => deployment.raised, within(5000)).toContain(`output-refused ${TOPICS.scores}`);
    expect(deployment.raised).toContain(`output-refused ${TOPICS.deadLetters}`);
    expect(isWritten).toBe(false);
    await admin.deleteAcls({ filters: denied.map((topic) => rule(topic, DENY, WRITE)) });
    await expect.poll(() => isWritten, within(15_000)).toBe(true);
    await expect.poll(() => deployment.cleared, within(5000)).toContain(`output-refused ${TOPICS.scores}`);
  });
});

describe('input topics that change under a process', () => {
  it('get partitions that are not read: it is told, the process is not ready, and the others are read on', async () => {
    const deployment = new Deployment();
    const bus = await deployment.open();
    await deployment.make([TOPICS.vitals, TOPICS.labs]);
    const { read } = await reading(bus, [TOPICS.vitals, TOPICS.labs]);
    await deployment.send(TOPICS.vitals, [{ partition: 0, value: 'before' }]);
    await expect.poll(() => read, within(20_000)).toContain('before');
    const topicPartitions = [TOPICS.vitals, TOPICS.labs].map((topic) => ({
      topic: deployment.config.topicPrefix + topic,
      count: 2 * PARTITIONS,
    }));
    await admin.createPartitions({ topicPartitions });
    await expect.poll(() => deployment.raised, within(15_000)).toContain('partitions-added ward.vitals');
    expect(bus.troubles.faults.join()).toContain(
      'has 8 partitions and only the first 4 (bus.partitions) are read',
    );
    await deployment.send(TOPICS.vitals, [{ partition: 1, value: 'after' }]);
    await expect.poll(() => read, within(20_000)).toContain('after');
  });

  it('are made anew: what is in them is read from its beginning, also where more is in them than was before', async () => {
    const deployment = new Deployment(1);
    const bus = await deployment.open();
    await deployment.make([TOPICS.vitals, TOPICS.labs]);
    const { read, consumer, failure } = await reading(bus, [TOPICS.vitals, TOPICS.labs]);
    const values = (what: string, many: number) =>
      Array.from({ length: many }, (_, index) => ({ partition: 0, value: `${what} ${index}` }));
    await deployment.send(TOPICS.vitals, values('old', 10));
    await expect.poll(() => read.length, within(20_000)).toBe(10);
    const isNoted = () => consumer.commit([{ topic: TOPICS.vitals, partition: 0, offset: 10 }]);
    await expect.poll(isNoted, within(10_000)).toBe(true);
    const again = async () => {
      await admin.deleteTopics({ topics: [deployment.config.topicPrefix + TOPICS.vitals] });
      await expect.poll(() => deployment.leaders(TOPICS.vitals), { timeout: 10_000 }).toHaveLength(0);
      await deployment.make([TOPICS.vitals]);
    };
    await again();
    await deployment.send(TOPICS.vitals, values('new', 25));
    await expect.poll(() => new Set(read).size, within(30_000)).toBe(35);
    expect(deployment.raised).toContain('topic-made-anew ward.vitals/0');
    // While nobody reads: the offset that is committed is of the topic before.
    await consumer.close();
    await again();
    await deployment.send(TOPICS.vitals, values('newest', 30));
    const next = await reading(bus, [TOPICS.vitals, TOPICS.labs]);
    await expect.poll(() => new Set(next.read).size, within(30_000)).toBe(30);
    expect(failure()).toBeNull();
  });

  it('lose what was not read yet to their retention: it is told and counted', async () => {
    const deployment = new Deployment(1);
    const bus = await deployment.open();
    await deployment.make([TOPICS.vitals]);
    const { read, consumer } = await reading(bus, [TOPICS.vitals]);
    await deployment.send(TOPICS.vitals, [{ partition: 0, value: 'read' }]);
    await expect.poll(() => read, within(20_000)).toContain('read');
    const isNoted = () => consumer.commit([{ topic: TOPICS.vitals, partition: 0, offset: 1 }]);
    await expect.poll(isNoted, within(10_000)).toBe(true);
    await consumer.close();
    const values = Array.from({ length: 9 }, (_, index) => ({ partition: 0, value: `unread ${index}` }));
    await deployment.send(TOPICS.vitals, values);
    const topic = deployment.config.topicPrefix + TOPICS.vitals;
    const isDeleted = () =>
      admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '7' }] }).then(
        () => true,
        () => false,
      );
    await expect.poll(isDeleted, within(10_000)).toBe(true);
    const next = await reading(bus, [TOPICS.vitals]);
    await expect.poll(() => next.read, within(20_000)).toEqual(['unread 6', 'unread 7', 'unread 8']);
    expect(deployment.raised).toContain('input-lost ward.vitals/0');
    expect(bus.lost).toBe(6);
  });
});

describe('a broker that is restarted as planned', () => {
  it('is read from again within ten seconds, by members without a name', async () => {
    const deployment = new Deployment();
    const bus = await deployment.open();
    await deployment.make([TOPICS.vitals, TOPICS.scores]);
    const { read, failure } = await reading(bus, [TOPICS.vitals]);
    await deployment.send(TOPICS.vitals, [{ partition: 0, value: 'before' }]);
    await expect.poll(() => read, within(20_000)).toContain('before');
    await stable.kill();
    await sleep(6000);
    await stable.restart();
    await deployment.send(TOPICS.vitals, [{ partition: 1, value: 'after' }]);
    await expect.poll(() => read, within(TEN_SECONDS_MS)).toContain('after');
    await bus.produce(TOPICS.scores, [{ key: 'p', value: Buffer.from('x') }]);
    expect(failure()).toBeNull();
    expect(deployment.said.join()).toContain('reading from Kafka is interrupted');
  });
});
