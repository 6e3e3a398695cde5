import { type Admin, type ICustomPartitioner, Kafka, type Message, type Producer } from 'kafkajs';
import type { Clock } from '../clock.js';
import { WardstreamError } from '../errors.js';
import type { Consumer, EventBus, Home, OutgoingMessage, RecordHandler, TopicDescription } from './bus.js';
import { clientOptions, isRefusal, type KafkaBusConfig, patiently } from './kafka-client.js';
import { KafkaStateLog } from './kafka-state.js';
import { Subscription } from './kafka-subscription.js';
import { KafkaTopics } from './kafka-topics.js';
import { murmur2Partition } from './partitioners.js';

export type { KafkaBusConfig } from './kafka-client.js';

/** Values of one produce request at most, unless one alone is larger. */
const MAX_REQUEST_BYTES = 512 * 1024;

/** A broker that is away is waited for: a send that were given up and followed by another could be taken for its repetition. */
const PATIENCE = { retries: Number.MAX_SAFE_INTEGER, maxRetryTime: 5000 };
/** Whether a broker is there at all is to be known soon. */
const HASTE = { retries: 3 };

/** As Java's and kafkajs's own, for messages with a key. */
const PARTITIONER: ICustomPartitioner =
  () =>
  ({ partitionMetadata, message }) =>
    message.partition ?? murmur2Partition(message.key ?? '', partitionMetadata.length);

/** Topics on a Kafka cluster, read as a member of a consumer group. */
export class KafkaBus implements EventBus {
  readonly name = 'kafka';
  readonly state: KafkaStateLog;
  readonly #config: KafkaBusConfig;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #topics: KafkaTopics;
  readonly #producer: Producer;
  /** The newest send to each topic: they go one after the other, since a repetition is known by its place in the order. */
  readonly #sends = new Map<string, Promise<unknown>>();
  /** Partitions of each topic that is read, as of the last deal. */
  #partitions: ReadonlyMap<string, number> = new Map();

  private constructor(config: KafkaBusConfig) {
    this.#config = config;
    const options = clientOptions(config);
    this.#kafka = new Kafka(options);
    const patient = new Kafka({ ...options, retry: PATIENCE });
    this.#admin = patient.admin();
    this.#topics = new KafkaTopics(this.#admin, config);
    this.#producer = patient.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: PARTITIONER,
    });
    this.state = new KafkaStateLog(this.#kafka, this.#admin, config, (topic, messages) =>
      this.#append(topic, messages),
    );
  }

  /** @throws WardstreamError `WS_BUS` where no broker answers, or refuses who we say we are. */
  static async open(config: KafkaBusConfig): Promise<KafkaBus> {
    const probe = new Kafka({ ...clientOptions(config), retry: HASTE }).admin();
    try {
      await probe.connect();
      await probe.listTopics();
    } catch (error) {
      throw cannotOpen(config, error);
    } finally {
      await probe.disconnect().catch(() => undefined);
    }
    const bus = new KafkaBus(config);
    await bus.#admin.connect();
    await bus.#producer.connect();
    return bus;
  }

  createTopics(topics: readonly string[]): Promise<string[]> {
    return this.#topics.create(topics);
  }

  listTopics(): Promise<TopicDescription[]> {
    return this.#topics.list();
  }

  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.#append(topic, messages);
  }

  homeOf(topic: string, patientId: string): Home | null {
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) return null;
    return { partition: murmur2Partition(patientId, partitions), partitions };
  }

  /** Reads the topics from where the group has committed to, or from their beginning. */
  async consume(topics: readonly string[], handler: RecordHandler, clock: Clock): Promise<Consumer> {
    const knowing: RecordHandler = {
      batch: (batch) => handler.batch(batch),
      assigned: async (partitions, lanes) => {
        // Where it cannot be told, nothing is compared, and all is read all the same.
        const listed = await patiently(() => this.listTopics()).catch(() => []);
        this.#partitions = new Map(listed.map((topic) => [topic.name, topic.partitions]));
        await handler.assigned(partitions, lanes);
      },
      revoked: (partitions) => handler.revoked(partitions),
      failed: (error) => handler.failed(error),
    };
    const subscription = new Subscription(this.#kafka, this.state, this.#config, topics, knowing, clock);
    await subscription.start();
    return subscription;
  }

  /** In order, in requests small enough for a broker's default `message.max.bytes`. Gives the offset of each message. */
  #append(topic: string, messages: readonly Message[]): Promise<readonly number[]> {
    const before = this.#sends.get(topic) ?? Promise.resolve();
    const sent = before.then(() => this.#send(this.#onCluster(topic), messages));
    this.#sends.set(
      topic,
      sent.catch(() => undefined),
    );
    return sent;
  }

  /** Offsets are known of messages that name their partition; the others have none. */
  async #send(topic: string, messages: readonly Message[]): Promise<readonly number[]> {
    const offsets: number[] = [];
    let request: Message[] = [];
    let bytes = 0;
    const flush = async () => {
      const sent = await this.#producer.send({ topic, acks: -1, messages: request });
      // Of one request those of a partition stand in the log one after the other.
      const next = new Map(sent.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
      for (const { partition = -1 } of request) {
        const offset = next.get(partition) ?? Number.NaN;
        offsets.push(offset);
        next.set(partition, offset + 1);
      }
      request = [];
      bytes = 0;
    };
    for (const message of messages) {
      const size = message.value?.length ?? 0;
      if (request.length > 0 && bytes + size > MAX_REQUEST_BYTES) await flush();
      request.push(message);
      bytes += size;
    }
    if (request.length > 0) await flush();
    return offsets;
  }

  /** The name a topic has on the cluster. */
  #onCluster(topic: string): string {
    return this.#config.topicPrefix + topic;
  }

  async close(): Promise<void> {
    await this.state.close();
    await this.#producer.disconnect();
    await this.#admin.disconnect();
  }
}

function cannotOpen({ brokers }: KafkaBusConfig, error: unknown): WardstreamError {
  const isPassing = !isRefusal(error);
  const where = brokers.join(', ');
  const what = isPassing ? `no Kafka broker answers at ${where}` : `Kafka at ${where} refuses bus.sasl`;
  return new WardstreamError('WS_BUS', `${what}: ${messageOf(error)}`, { cause: error, isPassing });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
