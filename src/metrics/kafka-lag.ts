import { clientOptions, type KafkaBusConfig } from '../bus/kafka-client.js';
import { type Admin, Kafka } from '../bus/kafkajs/index.js';
import { INPUT_TOPICS } from '../contract/topics.js';
import { within } from '../deadline.js';
import type { Lag } from './metrics.js';

/** An answer of the broker is good for this long; scrapes in between get it again. */
const FRESH_MS = 5000;
/** A scrape does not wait longer than this for the broker. */
const PATIENCE_MS = 2000;

/**
 * How many messages of the input topics the consumer group has not committed yet, asked from the broker: what a process
 * that is stuck could not say of itself.
 */
export class KafkaLag {
  readonly #config: KafkaBusConfig;
  readonly #now: () => number;
  #admin: Promise<Admin> | null = null;
  #newest: readonly Lag[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> = Promise.resolve();

  /** @param now A clock in milliseconds that only goes forwards. */
  constructor(config: KafkaBusConfig, now: () => number = () => performance.now()) {
    this.#config = config;
    this.#now = now;
  }

  /** The newest that is known; empty while the broker has not answered or is away. */
  async read(): Promise<readonly Lag[]> {
    if (this.#now() - this.#askedAt > FRESH_MS) {
      this.#askedAt = this.#now();
      this.#asking = this.#ask();
    }
    await within(PATIENCE_MS, this.#asking, () => undefined);
    return this.#newest;
  }

  /** Does not wait for a broker that is away. */
  async close(): Promise<void> {
    await within(PATIENCE_MS, this.#letGo(), () => undefined);
  }

  async #ask(): Promise<void> {
    try {
      this.#admin ??= connect(this.#config);
      this.#newest = await lagOf(await this.#admin, this.#config);
    } catch {
      // Without an answer there is no number, rather than an old one; whether Kafka is there, readiness says.
      this.#newest = [];
      void this.#letGo();
    }
  }

  async #letGo(): Promise<void> {
    const admin = this.#admin;
    this.#admin = null;
    await admin?.then((each) => each.disconnect()).catch(() => undefined);
  }
}

async function connect(config: KafkaBusConfig): Promise<Admin> {
  const admin = new Kafka(clientOptions(config)).admin();
  await admin.connect();
  return admin;
}

async function lagOf(admin: Admin, { groupId, topicPrefix }: KafkaBusConfig): Promise<Lag[]> {
  const topics = INPUT_TOPICS.map((topic) => topicPrefix + topic);
  const committed = await admin.fetchOffsets({ groupId, topics });
  const lags = await Promise.all(
    committed.map(async ({ topic, partitions }) => {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, end]));
      return partitions.map(({ partition, offset }) => {
        const { low = '0', high = '0' } = ends.get(partition) ?? {};
        // What is older than the topic's retention cannot be read any more; -1: nothing is committed yet.
        const from = Math.max(Number(offset), Number(low));
        return {
          topic: topic.slice(topicPrefix.length),
          partition,
          messages: Math.max(0, Number(high) - from),
        };
      });
    }),
  );
  return lags.flat();
}
