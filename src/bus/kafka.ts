import type { BrokerTime } from '../checked-clock.js';
import type { Clock } from '../clock.js';
import { WardstreamError } from '../errors.js';
import type {
  Consumer,
  EventBus,
  Home,
  OpenLog,
  OutgoingMessage,
  Reader,
  RecordHandler,
  Tail,
  TailHandler,
  TailOf,
  TailStretch,
  TopicDescription,
} from './bus.js';
import { clientOptions, type KafkaBusConfig, patiently } from './kafka-client.js';
import { KafkaClock } from './kafka-clock.js';
import { epochHeaders } from './kafka-epoch.js';
import { isLoginRefused, isRefused, messageOf } from './kafka-errors.js';
import { Outbox } from './kafka-outbox.js';
import { Places } from './kafka-places.js';
import { KafkaStateLog } from './kafka-state.js';
import { Subscription } from './kafka-subscription.js';
import { KafkaTail, readStretch } from './kafka-tail.js';
import { KafkaTopics } from './kafka-topics.js';
import { KafkaWatch } from './kafka-watch.js';
import { type Admin, type ICustomPartitioner, Kafka, type Producer } from './kafkajs/index.js';
import { murmur2Partition } from './partitioners.js';
import { Troubles, type TroublesOptions } from './troubles.js';

export type { KafkaBusConfig } from './kafka-client.js';

/** A broker that is away is waited for, and asked again often: what is asked here is asked for patients. */
const PATIENCE = { retries: Number.MAX_SAFE_INTEGER, maxRetryTime: 1000 };
/** Whether a broker is there at all is to be known soon; what is sent is sent again by the outbox. */
const HASTE = { retries: 3 };
const SEND = { initialRetryTime: 100, maxRetryTime: 500, retries: 1 };
/** Which broker leads a partition is asked at least so often. */
const METADATA_MAX_AGE_MS = 10_000;

/** As Java's and kafkajs's own, for messages with a key. */
const PARTITIONER: ICustomPartitioner =
  () =>
  ({ partitionMetadata, message }) =>
    message.partition ?? murmur2Partition(message.key ?? '', partitionMetadata.length);

/** Topics on a Kafka cluster, read as a member of a consumer group. */
export class KafkaBus implements EventBus, OpenLog {
  readonly name = 'kafka';
  readonly state: KafkaStateLog;
  /** What is wrong with Kafka now. */
  readonly troubles: Troubles;
  readonly #config: KafkaBusConfig;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #topics: KafkaTopics;
  readonly #outbox: Outbox;
  /** Partitions of each topic that is read, as of the newest generation. */
  #partitions: ReadonlyMap<string, number> = new Map();
  readonly #closing = new AbortController();
  /** Of each group the newest. */
  readonly #watches = new Map<string, KafkaWatch>();

  private constructor(config: KafkaBusConfig, options: TroublesOptions) {
    this.#config = config;
    this.troubles = new Troubles(options);
    const client = clientOptions(config);
    this.#kafka = new Kafka(client);
    this.#admin = new Kafka({ ...client, retry: PATIENCE }).admin();
    this.#topics = new KafkaTopics(this.#admin, config);
    const sender = new Kafka({ ...client, retry: SEND });
    const { topicPrefix, partitions } = config;
    this.#outbox = new Outbox({
      connect: () => connected(sender, this.#closing.signal),
      topicPrefix,
      partitions,
      troubles: this.troubles,
    });
    this.state = new KafkaStateLog(this.#kafka, this.#admin, config, (topic, messages) =>
      this.#outbox.send(topic, messages),
    );
  }

  /** @throws WardstreamError `WS_BUS` where no broker answers, or refuses who we say we are. */
  static async open(config: KafkaBusConfig, options: TroublesOptions = {}): Promise<KafkaBus> {
    const probe = new Kafka({ ...clientOptions(config), retry: HASTE }).admin();
    try {
      await probe.connect();
      await probe.listTopics();
    } catch (error) {
      throw cannotOpen(config, error);
    } finally {
      await probe.disconnect().catch(() => undefined);
    }
    const bus = new KafkaBus(config, options);
    try {
      await bus.#admin.connect();
      await bus.#outbox.connected();
    } catch (error) {
      await bus.close();
      throw cannotOpen(config, error);
    }
    return bus;
  }

  /** Messages of ours that are in no topic since the log did not take them, by topic. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#outbox.dropped;
  }

  /** Messages that were gone from what is read before they were, since the start. */
  get lost(): number {
    return [...this.#watches.values()].reduce((sum, { lost }) => sum + lost, 0);
  }

  /** A broker that goes away meanwhile is waited for. */
  createTopics(topics: readonly string[]): Promise<string[]> {
    return patiently(() => this.#topics.create(topics), this.#closing.signal);
  }

  listTopics(): Promise<TopicDescription[]> {
    return this.#topics.list();
  }

  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.append(topic, messages);
  }

  async append(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    const sent = messages.map(({ epoch, ...message }) => {
      return epoch === undefined ? message : { ...message, headers: epochHeaders(epoch) };
    });
    return this.#outbox.send(topic, sent);
  }

  /** The time of the brokers; the first call makes a topic to ask them. */
  openClock(): BrokerTime {
    return new KafkaClock(
      this.#topics,
      new Kafka({ ...clientOptions(this.#config), retry: SEND }),
      this.#config,
    );
  }

  partitionOf(key: string): number {
    return murmur2Partition(key, this.#config.partitions);
  }

  homeOf(topic: string, patientId: string): Home | null {
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) return null;
    return { partition: murmur2Partition(patientId, partitions), partitions };
  }

  tail(topics: readonly TailOf[], handler: TailHandler): Promise<Tail> {
    return KafkaTail.start(this.#tailing, topics, handler);
  }

  read(topic: string, partition: number, from: number, to?: number): Promise<TailStretch> {
    return readStretch(this.#tailing, topic, partition, from, to);
  }

  get #tailing() {
    const { topicPrefix } = this.#config;
    return { kafka: this.#kafka, admin: this.#admin, topicPrefix, troubles: this.troubles };
  }

  /** Reads the topics from where the group has committed to, or from their beginning. */
  async consume(
    topics: readonly string[],
    handler: RecordHandler,
    clock: Clock,
    reader?: Reader,
  ): Promise<Consumer> {
    const { troubles } = this;
    const groupId = groupOf(this.#config, reader);
    const config = { ...this.#config, groupId };
    const watch = new KafkaWatch(this.#admin, config, troubles, reader?.who);
    watch.lost = this.#watches.get(groupId)?.lost ?? 0;
    this.#watches.set(groupId, watch);
    const subscription = new Subscription({
      kafka: this.#kafka,
      // Only engines keep state.
      state: reader === undefined ? this.state : { giveUp: () => undefined },
      config,
      watch,
      places: (names, signal) =>
        new Places({ admin: this.#admin, config, watch, topics: names, signal, reader }),
      troubles,
      topics,
      clock,
      reader,
      handler: {
        releasing: async () => handler.releasing?.(),
        shared: () => handler.shared?.(),
        batch: (batch) => handler.batch(batch),
        assigned: async (partitions, topics, logs) => {
          // Where it cannot be told, nothing is compared, and all is read all the same.
          const listed = await patiently(() => this.listTopics(), this.#closing.signal).catch(() => []);
          this.#partitions = new Map(listed.map((topic) => [topic.name, topic.partitions]));
          await handler.assigned(partitions, topics, logs);
        },
        revoked: (partitions) => handler.revoked(partitions),
        failed: (error) => handler.failed(error),
      },
    });
    await subscription.start();
    return subscription;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const watch of this.#watches.values()) watch.close();
    await this.state.close();
    await this.#outbox.close();
    await this.#admin.disconnect();
  }
}

/** A producer whose messages are in the log once, connected; a broker that is away is waited for. */
async function connected(kafka: Kafka, signal: AbortSignal): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    retry: SEND,
    createPartitioner: PARTITIONER,
  });
  try {
    await patiently(() => producer.connect(), signal);
    return producer;
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }
}

/** Begins as the group of the engines does, so that one rule about prefixes lets all in. */
function groupOf({ groupId }: KafkaBusConfig, reader: Reader | undefined): string {
  return reader === undefined ? groupId : `${groupId}-${reader.group}`;
}

function cannotOpen({ brokers }: KafkaBusConfig, error: unknown): WardstreamError {
  const where = brokers.join(', ');
  const what = isLoginRefused(error)
    ? `Kafka at ${where} refuses bus.sasl`
    : isRefused(error)
      ? `Kafka at ${where} refuses what bus asks for`
      : `no Kafka broker answers at ${where}`;
  const isPassing = !isRefused(error);
  return new WardstreamError('WS_BUS', `${what}: ${messageOf(error)}`, { cause: error, isPassing });
}
