import { randomUUID } from 'node:crypto';
import type { Admin, EachBatchPayload, IHeaders, Kafka, Message } from 'kafkajs';
import { TOPICS } from '../events/topics.js';
import { fixedAssigner } from './assigner.js';
import type { StateChange, StateEntry, StateLog } from './bus.js';
import { type KafkaBusConfig, patiently } from './kafka-client.js';

/** Appends messages to a topic; gives the offset at which the last request of each partition begins. */
export type Append = (topic: string, messages: readonly Message[]) => Promise<ReadonlyMap<number, number>>;

/** Key of the records that say a process has taken a partition over; no patient has it. */
const CLAIM_KEY = '\u0000claim';
/** Header of each record: the offset of its writer's claim. */
const TERM = 'term';

interface Newest {
  readonly term: number;
  readonly entry: StateEntry | null;
}

/**
 * The topic `ward.state`. Who takes a partition over appends a claim first, and its place in the log, which the broker gives it, is
 * the term of all it writes there. Of each key the record of the highest term counts, and of these the last: what a process
 * writes that was frozen, and does not know that its partitions are another's, has a lower term and counts for nothing.
 */
export class KafkaStateLog implements StateLog {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #config: KafkaBusConfig;
  readonly #append: Append;
  readonly #terms = new Map<number, number>();

  constructor(kafka: Kafka, admin: Admin, config: KafkaBusConfig, append: Append) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#config = config;
    this.#append = append;
  }

  /** The partitions are another process's: nothing is written to them before they are taken over again. */
  giveUp(partitions: readonly number[]): void {
    for (const partition of partitions) this.#terms.delete(partition);
  }

  async takeOver(partitions: readonly number[]): Promise<StateEntry[]> {
    const claims = partitions.map((partition) => ({ partition, key: CLAIM_KEY, value: '' }));
    const terms = await this.#append(TOPICS.state, claims);
    for (const [partition, offset] of terms) this.#terms.set(partition, offset + 1);
    return this.#read(partitions);
  }

  async write(changes: readonly StateChange[]): Promise<void> {
    const messages = changes.flatMap(({ key, partition, value }) => {
      const term = this.#terms.get(partition);
      return term === undefined ? [] : [{ key, partition, value, headers: { [TERM]: String(term) } }];
    });
    await this.#append(TOPICS.state, messages);
  }

  /** Reads the partitions from their beginning to where they end now. */
  async #read(partitions: readonly number[]): Promise<StateEntry[]> {
    const topic = this.#config.topicPrefix + TOPICS.state;
    const ends = new Map<number, number>();
    const offsets = await patiently(() => this.#admin.fetchTopicOffsets(topic));
    for (const { partition, high, low } of offsets) {
      if (partitions.includes(partition) && Number(high) > Number(low)) ends.set(partition, Number(high));
    }
    const newest = new Map<string, Newest>();
    if (ends.size === 0) return [];
    // kafkajs reads only as a member of a group: this one has a single member and is gone afterwards.
    const groupId = `${this.#config.groupId}-restore-${randomUUID()}`;
    const partitionAssigners = [fixedAssigner([...ends.keys()])];
    const consumer = this.#kafka.consumer({ groupId, partitionAssigners, maxWaitTimeInMs: 100 });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          if (!payload.restart) reject(payload.error);
        });
        const eachBatch = async ({ batch }: EachBatchPayload) => {
          const { partition } = batch;
          for (const { key, value, headers } of batch.messages) {
            const term = termOf(headers);
            if (term < (newest.get(String(key))?.term ?? 0)) continue;
            const entry = value === null ? null : { key: String(key), partition, value };
            newest.set(String(key), { term, entry });
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
    newest.delete(CLAIM_KEY);
    return [...newest.values()].flatMap(({ entry }) => entry ?? []);
  }
}

function termOf(headers: IHeaders | undefined): number {
  return Number(headers?.[TERM] ?? 0);
}
