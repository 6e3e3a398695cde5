import { randomUUID } from 'node:crypto';
import kafkajs, {
  type Admin,
  type EachBatchPayload,
  Kafka,
  type Consumer as KafkaConsumer,
  type KafkaMessage,
  Partitioners,
  type Producer,
} from 'kafkajs';
import { WardstreamError } from '../errors.js';
import { type InputTopic, RETENTION_MS, TOPICS } from '../events/topics.js';
import { coPartitionedAssigner, fixedAssigner } from './assigner.js';
import type {
  Consumer,
  EventBus,
  OutgoingMessage,
  Position,
  RecordBatch,
  RecordHandler,
  StateEntry,
  StateLog,
  TopicDescription,
} from './bus.js';
import { clientOptions, type KafkaBusConfig } from './kafka-client.js';

export type { KafkaBusConfig } from './kafka-client.js';

/** While a handler is busy the group must hear from us. */
const HEARTBEAT_MS = 3000;

/** Values of one produce request at most, unless one alone is larger. */
const MAX_REQUEST_BYTES = 512 * 1024;
const MAX_IMAGING_BYTES = 33 * 1_048_576;

interface KeyedMessage {
  readonly key: string;
  readonly value: Buffer | null;
}

const REBALANCING = new Set(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']);

/** Topics on a Kafka cluster, read as a member of a consumer group. */
export class KafkaBus implements EventBus {
  readonly name = 'kafka';
  readonly #config: KafkaBusConfig;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #producer: Producer;

  readonly state: StateLog = {
    read: (partitions) => this.#readState(partitions),
    write: async (entries) => {
      await this.#send(
        TOPICS.state,
        [...entries].map(([key, value]) => ({ key, value })),
      );
    },
  };

  private constructor(config: KafkaBusConfig) {
    this.#config = config;
    this.#kafka = new Kafka(clientOptions(config));
    this.#admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
  }

  /** @throws WardstreamError `WS_BUS` where no broker answers. */
  static async open(config: KafkaBusConfig): Promise<KafkaBus> {
    const bus = new KafkaBus(config);
    try {
      await bus.#admin.connect();
      await bus.#producer.connect();
      return bus;
    } catch (error) {
      await bus.close().catch(() => undefined);
      const where = config.brokers.join(', ');
      throw new WardstreamError('WS_BUS', `no Kafka broker answers at ${where}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * Makes the topics that are missing, with the configured partitions and each topic's retention. One that is there must
   * have that many partitions, or patients would be split between processes.
   */
  async createTopics(topics: readonly string[]): Promise<string[]> {
    const { partitions, replicationFactor } = this.#config;
    const present = await this.listTopics();
    for (const { name, partitions: count } of present) {
      if (!topics.includes(name) || count === partitions) continue;
      const what = `topic ${name} has ${count} partitions, bus.partitions is ${partitions}`;
      throw new WardstreamError('WS_BUS', `${what}; all topics must have the same number`);
    }
    await this.#checkCompaction(topics.filter((topic) => present.some(({ name }) => name === topic)));
    const missing = topics.filter((topic) => !present.some(({ name }) => name === topic));
    if (missing.length > 0) {
      await this.#admin.createTopics({
        waitForLeaders: true,
        topics: missing.map((topic) => ({
          topic: this.#onCluster(topic),
          numPartitions: partitions,
          replicationFactor,
          configEntries: settingsOf(topic),
        })),
      });
    }
    return missing;
  }

  async listTopics(): Promise<TopicDescription[]> {
    const { topicPrefix } = this.#config;
    const names = (await this.#admin.listTopics()).filter(
      (name) => name.startsWith(topicPrefix) && !name.startsWith('__'),
    );
    if (names.length === 0) return [];
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: names });
    return topics
      .map(({ name, partitions }) => ({
        name: name.slice(topicPrefix.length),
        partitions: partitions.length,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.#send(topic, messages);
  }

  /** Reads the topics from where the group has committed to, or from their beginning. */
  async consume(topics: readonly string[], handler: RecordHandler): Promise<Consumer> {
    const subscription = new Subscription(this.#kafka, this.#admin, this.#config, topics, handler);
    await subscription.start();
    return subscription;
  }

  /** In order, in requests small enough for a broker's default `message.max.bytes`. */
  async #send(topic: string, messages: readonly KeyedMessage[]): Promise<void> {
    let request: KeyedMessage[] = [];
    let bytes = 0;
    for (const message of messages) {
      const size = message.value?.length ?? 0;
      if (request.length > 0 && bytes + size > MAX_REQUEST_BYTES) {
        await this.#producer.send({ topic: this.#onCluster(topic), acks: -1, messages: request });
        request = [];
        bytes = 0;
      }
      request.push(message);
      bytes += size;
    }
    if (request.length === 0) return;
    await this.#producer.send({ topic: this.#onCluster(topic), acks: -1, messages: request });
  }

  /** The name a topic has on the cluster. */
  #onCluster(topic: string): string {
    return this.#config.topicPrefix + topic;
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
    await this.#admin.disconnect();
  }

  /** Reads partitions of the state topic from their beginning to where they end now. */
  async #readState(partitions: readonly number[]): Promise<StateEntry[]> {
    const ends = new Map<number, number>();
    for (const { partition, high, low } of await this.#admin.fetchTopicOffsets(
      this.#onCluster(TOPICS.state),
    )) {
      if (partitions.includes(partition) && Number(high) > Number(low)) ends.set(partition, Number(high));
    }
    const newest = new Map<string, StateEntry>();
    if (ends.size === 0) return [];
    // kafkajs reads only as a member of a group: this one has a single member and is gone afterwards.
    const groupId = `${this.#config.groupId}-restore-${randomUUID()}`;
    const partitionAssigners = [fixedAssigner([...ends.keys()])];
    const consumer = this.#kafka.consumer({ groupId, partitionAssigners, maxWaitTimeInMs: 100 });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [this.#onCluster(TOPICS.state)], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          if (!payload.restart) reject(payload.error);
        });
        const eachBatch = async ({ batch }: EachBatchPayload) => {
          const { partition } = batch;
          for (const { key, value } of batch.messages) {
            if (value === null) newest.delete(String(key));
            else newest.set(String(key), { partition, value });
          }
          if (Number(batch.lastOffset()) + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
          if (ends.size === 0) resolve();
        };
        consumer.run({ autoCommit: false, eachBatch }).catch(reject);
      });
    } finally {
      await consumer.disconnect();
      await this.#admin.deleteGroups([groupId]).catch(() => undefined);
    }
    return [...newest.values()];
  }

  async #checkCompaction(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: this.#onCluster(name),
        configNames: ['cleanup.policy'],
      })),
    });
    for (const { resourceName, configEntries } of resources) {
      const policy = configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue;
      const wanted =
        RETENTION_MS[resourceName.slice(this.#config.topicPrefix.length)] === 'compact'
          ? 'compact'
          : 'delete';
      if (policy === undefined || policy === wanted) continue;
      const what = `topic ${resourceName} has cleanup.policy ${policy}, it must be ${wanted}`;
      throw new WardstreamError('WS_BUS', what);
    }
  }
}

/** One membership of the consumer group. */
class Subscription implements Consumer {
  readonly #consumer: KafkaConsumer;
  readonly #admin: Admin;
  readonly #groupId: string;
  readonly #prefix: string;
  /** As they are called on the cluster. */
  readonly #topics: readonly string[];
  readonly #handler: RecordHandler;
  #partitions: readonly number[] = [];
  /** Calls of the handler, one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    kafka: Kafka,
    admin: Admin,
    { groupId, sessionTimeoutMs, topicPrefix }: KafkaBusConfig,
    topics: readonly string[],
    handler: RecordHandler,
  ) {
    this.#admin = admin;
    this.#groupId = groupId;
    this.#prefix = topicPrefix;
    this.#topics = topics.map((topic) => topicPrefix + topic);
    this.#handler = handler;
    this.#consumer = kafka.consumer({
      groupId,
      partitionAssigners: [coPartitionedAssigner(() => this.#partitions)],
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(HEARTBEAT_MS, sessionTimeoutMs / 3),
      maxWaitTimeInMs: 100,
    });
  }

  async start(): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#joined(payload.memberAssignment));
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.#handler.failed(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat, isStale, isRunning }) => {
        const { partition } = batch;
        const topic = batch.topic.slice(this.#prefix.length);
        const records = batch.messages.map((message) => recordOf(topic, partition, message));
        const caughtUp = Number(batch.lastOffset()) + 1 >= Number(batch.highWatermark);
        const handled = this.#enqueue(async () => {
          if (isStale() || !isRunning() || !this.#partitions.includes(partition)) return;
          await this.#handler.batch({ lane: topic, partition, records, caughtUp });
        });
        await whileAlive(handled, heartbeat);
      },
    });
  }

  async commit(positions: readonly Position[]): Promise<void> {
    const mine = positions.filter(({ partition }) => this.#partitions.includes(partition));
    if (mine.length === 0) return;
    const offsets = mine.map(({ topic, partition, offset }) => ({
      topic: this.#prefix + topic,
      partition,
      offset: String(offset),
    }));
    try {
      await this.#consumer.commitOffsets(offsets);
    } catch (error) {
      // The group is being dealt out anew: whoever reads on gets these records again, and knows them by their ids.
      if (!REBALANCING.has((error as { type?: string }).type ?? '')) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect();
    await this.#queue;
  }

  /** What is gone is given up before anything new is read. */
  #joined(assignment: Readonly<Record<string, number[]>>): void {
    const now = [...new Set(Object.values(assignment).flat())].sort((a, b) => a - b);
    const revoked = this.#partitions.filter((partition) => !now.includes(partition));
    const added = now.filter((partition) => !this.#partitions.includes(partition));
    this.#partitions = now;
    void this.#enqueue(async () => {
      if (revoked.length > 0) await this.#handler.revoked(revoked);
      if (added.length > 0) await this.#handler.assigned(added);
      for (const batch of await this.#lanesOf(added)) await this.#handler.batch(batch);
    }).catch((error: unknown) => this.#handler.failed(error as Error));
  }

  /** Every lane of new partitions, so that none that has records to come is overtaken by the others. */
  async #lanesOf(partitions: readonly number[]): Promise<RecordBatch[]> {
    if (partitions.length === 0) return [];
    const topics = [...this.#topics];
    const committed = await this.#admin.fetchOffsets({ groupId: this.#groupId, topics });
    const lanes: RecordBatch[] = [];
    for (const topic of topics) {
      const ends = await this.#admin.fetchTopicOffsets(topic);
      const done = committed.find((each) => each.topic === topic)?.partitions ?? [];
      for (const partition of partitions) {
        const end = ends.find((each) => each.partition === partition);
        const offset = Number(done.find((each) => each.partition === partition)?.offset ?? -1);
        const position = Math.max(offset, Number(end?.low ?? 0));
        const lane = topic.slice(this.#prefix.length);
        lanes.push({ lane, partition, records: [], caughtUp: position >= Number(end?.high ?? 0) });
      }
    }
    return lanes;
  }

  #enqueue(call: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(call);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** Waits for the work, and keeps the membership alive meanwhile. */
async function whileAlive(work: Promise<void>, heartbeat: () => Promise<void>): Promise<void> {
  let fault: unknown;
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      fault = error;
    });
  }, HEARTBEAT_MS);
  try {
    await work;
  } finally {
    clearInterval(timer);
  }
  if (fault !== undefined) throw fault;
  await heartbeat();
}

function recordOf(
  topic: string,
  partition: number,
  { offset, value }: KafkaMessage,
): RecordBatch['records'][number] {
  return { topic: topic as InputTopic, partition, offset: Number(offset), value: value ?? Buffer.alloc(0) };
}

function settingsOf(topic: string): { name: string; value: string }[] {
  const retention = RETENTION_MS[topic];
  if (topic === TOPICS.imaging) {
    return [
      { name: 'retention.ms', value: String(retention) },
      { name: 'max.message.bytes', value: String(MAX_IMAGING_BYTES) },
    ];
  }
  if (retention === 'compact') return [{ name: 'cleanup.policy', value: 'compact' }];
  return retention === undefined ? [] : [{ name: 'retention.ms', value: String(retention) }];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
