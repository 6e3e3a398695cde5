import type { Admin, IHeaders, Kafka, Message } from 'kafkajs';
import { TOPICS } from '../events/topics.js';
import type { RecordBatch, StateChange, StateEntry, StateLog, Stretch } from './bus.js';
import { type KafkaBusConfig, patiently, recordOf } from './kafka-client.js';
import { type LogRange, readRanges } from './kafka-reader.js';

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

  async reread(stretches: readonly Stretch[], handle: (batch: RecordBatch) => Promise<void>): Promise<void> {
    const lanes = new Map<LogRange, string>();
    const endsOf = new Map<string, { partition: number; high: string }[]>();
    for (const { topic: lane, partition, since, until } of stretches) {
      const topic = this.#config.topicPrefix + lane;
      const ends = endsOf.get(topic) ?? (await patiently(() => this.#admin.fetchTopicOffsets(topic)));
      endsOf.set(topic, ends);
      // Below 0, a time would be one of Kafka's words for the beginning or the end.
      const time = Math.max(0, since);
      const begins = await patiently(() => this.#admin.fetchTopicOffsetsByTimestamp(topic, time));
      const from = Number(begins.find((each) => each.partition === partition)?.offset ?? 0);
      const high = Number(ends.find((each) => each.partition === partition)?.high ?? 0);
      const range = { topic, partition, from, to: Math.min(until, high) };
      lanes.set(range, lane);
      await handle({ lane, partition, records: [], caughtUp: range.from >= range.to });
    }
    const purpose = `${this.#config.groupId}-rebuild`;
    await readRanges(this.#cluster, purpose, [...lanes.keys()], (range, messages, caughtUp) => {
      const { partition } = range;
      const lane = lanes.get(range) as string;
      const records = messages.map((message) => recordOf(lane, partition, message));
      return handle({ lane, partition, records, caughtUp });
    });
  }

  /** Reads the partitions from their beginning to where they end now. */
  async #read(partitions: readonly number[]): Promise<StateEntry[]> {
    const topic = this.#config.topicPrefix + TOPICS.state;
    const offsets = await patiently(() => this.#admin.fetchTopicOffsets(topic));
    const ranges = offsets
      .filter(({ partition }) => partitions.includes(partition))
      .map(({ partition, low, high }) => ({ topic, partition, from: Number(low), to: Number(high) }));
    const newest = new Map<string, Newest>();
    const purpose = `${this.#config.groupId}-restore`;
    await readRanges(this.#cluster, purpose, ranges, async ({ partition }, messages) => {
      for (const { key, value, headers } of messages) {
        const term = termOf(headers);
        if (term < (newest.get(String(key))?.term ?? 0)) continue;
        const entry = value === null ? null : { key: String(key), partition, value };
        newest.set(String(key), { term, entry });
      }
    });
    newest.delete(CLAIM_KEY);
    return [...newest.values()].flatMap(({ entry }) => entry ?? []);
  }

  get #cluster() {
    return { kafka: this.#kafka, admin: this.#admin };
  }
}

function termOf(headers: IHeaders | undefined): number {
  return Number(headers?.[TERM] ?? 0);
}
