import { causesOf } from '../errors.js';
import { patiently } from './kafka-client.js';
import type { Cluster, Kafka, KafkaMessage } from './kafkajs/index.js';

/** What is used of an answer to a fetch. */
interface FetchAnswer {
  readonly responses: readonly {
    readonly partitions: readonly { readonly messages: readonly KafkaMessage[] }[];
  }[];
}

/** So long a record is asked for; then its patient begins anew. */
const GIVE_UP_MS = 5000;
/** A batch is sent whole if it alone is larger. */
const LEAST_BYTES = 1;
const READ_UNCOMMITTED = 0;

/**
 * Reads records at known offsets of a topic, without a consumer group: a member of one would wait seconds for its
 * partitions.
 */
export class RecordsAt {
  readonly #kafka: Kafka;
  readonly #topic: string;
  #cluster: Promise<Cluster> | null = null;

  constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  /** The records at those of the offsets that are still there. Waits for a broker that is away, though not for ever. */
  async read(partition: number, offsets: readonly number[]): Promise<KafkaMessage[]> {
    const wanted = new Set(offsets);
    const found: KafkaMessage[] = [];
    for (const offset of [...wanted].sort((a, b) => a - b)) {
      // Taken from the batch of one before it: what was written together is read together.
      if (!wanted.has(offset)) continue;
      wanted.delete(offset);
      for (const message of await this.#patiently(partition, offset)) {
        const at = Number(message.offset);
        if (at === offset || wanted.delete(at)) found.push(message);
      }
    }
    return found;
  }

  /** Nothing where the offset is none of the log, or no broker gives it for so long: everybody else waits meanwhile. */
  async #patiently(partition: number, offset: number): Promise<readonly KafkaMessage[]> {
    const deadline = performance.now() + GIVE_UP_MS;
    const call = () =>
      this.#fetch(partition, offset).catch((error: unknown) => {
        if (isOutOfRange(error) || performance.now() > deadline) return [];
        throw error;
      });
    return patiently(call);
  }

  async close(): Promise<void> {
    const cluster = await this.#cluster?.catch(() => null);
    this.#cluster = null;
    await cluster?.disconnect();
  }

  async #fetch(partition: number, offset: number): Promise<readonly KafkaMessage[]> {
    this.#cluster ??= this.#connect();
    try {
      const cluster = await this.#cluster;
      const leaders = cluster.findLeaderForPartitions(this.#topic, [partition]);
      const broker = await cluster.findBroker({ nodeId: Object.keys(leaders)[0] });
      const at = { partition, fetchOffset: String(offset), maxBytes: LEAST_BYTES };
      const { responses }: FetchAnswer = await broker.fetch({
        maxWaitTime: 0,
        minBytes: 0,
        maxBytes: LEAST_BYTES,
        isolationLevel: READ_UNCOMMITTED,
        topics: [{ topic: this.#topic, partitions: [at] }],
      });
      return responses.flatMap(({ partitions }) => partitions.flatMap(({ messages }) => messages));
    } catch (error) {
      // Another broker may lead the partition by now.
      await this.close();
      throw error;
    }
  }

  async #connect(): Promise<Cluster> {
    const cluster = this.#kafka.cluster();
    await cluster.connect();
    await cluster.addTargetTopic(this.#topic);
    return cluster;
  }
}

function isOutOfRange(error: unknown): boolean {
  return causesOf(error).some((each) => (each as { type?: string }).type === 'OFFSET_OUT_OF_RANGE');
}
