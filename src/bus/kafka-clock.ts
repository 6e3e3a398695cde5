import type { BrokerTime } from '../checked-clock.js';
import { TOPICS } from '../contract/topics.js';
import type { KafkaBusConfig } from './kafka-client.js';
import type { KafkaTopics } from './kafka-topics.js';
import type { Kafka, Producer } from './kafkajs/index.js';

/** A broker that takes longer than this does not tell the time. */
const SLOWEST_MS = 2000;

/**
 * The brokers' clock, read from the time that they put on a record of ours: the topic `ward.clock` has log-append time. Each record goes to
 * the next partition, so that every broker is asked in turn.
 */
export class KafkaClock implements BrokerTime {
  readonly #topics: KafkaTopics;
  readonly #kafka: Kafka;
  readonly #config: KafkaBusConfig;
  #producer: Promise<Producer> | null = null;
  #asked = 0;

  constructor(topics: KafkaTopics, kafka: Kafka, config: KafkaBusConfig) {
    this.#topics = topics;
    this.#kafka = kafka;
    this.#config = config;
  }

  async ahead(now: () => number): Promise<number | null> {
    this.#producer ??= this.#connect();
    const connecting = this.#producer;
    try {
      const producer = await connecting;
      const { topicPrefix, partitions } = this.#config;
      const partition = this.#asked++ % partitions;
      const sent = { topic: topicPrefix + TOPICS.clock, acks: 1, messages: [{ partition, value: null }] };
      const before = now();
      const began = performance.now();
      const [answer] = await producer.send(sent);
      const took = performance.now() - began;
      const time = Number(answer?.logAppendTime ?? -1);
      return time < 0 || took > SLOWEST_MS ? null : time - (before + took / 2);
    } catch {
      if (this.#producer === connecting) this.#producer = null;
      void connecting.then((producer) => producer.disconnect()).catch(() => undefined);
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#producer?.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  async #connect(): Promise<Producer> {
    await this.#topics.create([TOPICS.clock]);
    const producer = this.#kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    return producer;
  }
}
