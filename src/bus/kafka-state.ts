import { TOPICS } from '../contract/topics.js';
import {
  CLAIM_KEY,
  type RecordBatch,
  type StateChange,
  type StateEntry,
  type StateLog,
  type StatePlace,
  type Stretch,
} from './bus.js';
import { type KafkaBusConfig, patiently, recordOf } from './kafka-client.js';
import { epochHeaders, epochIn } from './kafka-epoch.js';
import { type LogRange, readRanges } from './kafka-reader.js';
import { RecordsAt } from './kafka-record-at.js';
import type { Admin, Kafka, Message } from './kafkajs/index.js';

/** Appends messages to a topic; gives the offset of each. */
export type Append = (topic: string, messages: readonly Message[]) => Promise<readonly number[]>;

interface Newest<Taken> {
  readonly epoch: number;
  /** Null where the state was removed. */
  readonly taken: { readonly of: Taken } | null;
}

/**
 * The topic `ward.state`. Who takes a partition over appends a claim first, and its place in the log, which the broker gives it, is
 * the epoch of all it writes there. Of each key the record of the highest epoch counts, and of these the last: what a process
 * writes that was frozen, and does not know that its partitions are another's, has a lower epoch and counts for nothing.
 */
export class KafkaStateLog implements StateLog {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #config: KafkaBusConfig;
  readonly #append: Append;
  readonly #epochs = new Map<number, number>();
  readonly #records: RecordsAt;

  constructor(kafka: Kafka, admin: Admin, config: KafkaBusConfig, append: Append) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#config = config;
    this.#append = append;
    this.#records = new RecordsAt(kafka, config.topicPrefix + TOPICS.state);
  }

  /** The partitions are another process's: nothing is written to them before they are restored again. */
  giveUp(partitions: readonly number[]): void {
    for (const partition of partitions) this.#epochs.delete(partition);
  }

  async restore<Taken>(partitions: readonly number[], take: (entry: StateEntry) => Taken): Promise<Taken[]> {
    const claims = partitions.map((partition) => ({ partition, key: CLAIM_KEY, value: '' }));
    const offsets = await this.#append(TOPICS.state, claims);
    for (const [index, partition] of partitions.entries()) this.#epochs.set(partition, offsets[index] + 1);
    return this.#read(partitions, take);
  }

  async write(changes: readonly StateChange[]): Promise<StatePlace[]> {
    const ours = changes.filter(({ partition }) => this.#epochs.has(partition));
    const messages = ours.map(({ key, partition, value }) => {
      return { key, partition, value, headers: epochHeaders(this.#epochs.get(partition) as number) };
    });
    const offsets = await this.#append(TOPICS.state, messages);
    return ours.flatMap(({ key, partition, value }, index) =>
      value === null ? [] : [{ key, partition, offset: offsets[index] }],
    );
  }

  async read(places: readonly StatePlace[]): Promise<StateEntry[]> {
    const found: StateEntry[] = [];
    const gone = new Set(places.map(({ key }) => key));
    for (const partition of new Set(places.map((place) => place.partition))) {
      const offsetOf = new Map(
        places.filter((place) => place.partition === partition).map(({ key, offset }) => [key, offset]),
      );
      for (const { key, value, offset } of await this.#records.read(partition, [...offsetOf.values()])) {
        if (value === null || offsetOf.get(String(key)) !== Number(offset)) continue;
        found.push({ key: String(key), partition, offset: Number(offset), value });
        gone.delete(String(key));
      }
    }
    if (gone.size === 0) return found;
    // Compaction keeps the last record of a key, which may be one that counts for nothing; ours is then the newest that counts and is left.
    const left = new Set(places.filter(({ key }) => gone.has(key)).map(({ partition }) => partition));
    const newest = await this.#read([...left], (entry) => (gone.has(entry.key) ? [entry] : []));
    return [...found, ...newest.flat()];
  }

  epochOf(partition: number): number | undefined {
    return this.#epochs.get(partition);
  }

  close(): Promise<void> {
    return this.#records.close();
  }

  async reread(
    stretches: readonly Stretch[],
    handle: (batch: RecordBatch, isDone: boolean) => Promise<void>,
  ): Promise<void> {
    const topicOf = new Map<LogRange, string>();
    const endsOf = new Map<string, { partition: number; high: string }[]>();
    for (const { topic, partition, since, until } of stretches) {
      const name = this.#config.topicPrefix + topic;
      const ends = endsOf.get(name) ?? (await patiently(() => this.#admin.fetchTopicOffsets(name)));
      endsOf.set(name, ends);
      // Below 0, a time would be one of Kafka's words for the beginning or the end.
      const time = Math.max(0, since);
      const begins = await patiently(() => this.#admin.fetchTopicOffsetsByTimestamp(name, time));
      const from = Number(begins.find((each) => each.partition === partition)?.offset ?? 0);
      const high = Number(ends.find((each) => each.partition === partition)?.high ?? 0);
      const range = { topic: name, partition, from, to: Math.min(until, high) };
      topicOf.set(range, topic);
      await handle({ topic, partition, records: [], positions: [] }, range.from >= range.to);
    }
    const purpose = `${this.#config.groupId}-rebuild`;
    await readRanges(this.#cluster, purpose, [...topicOf.keys()], (range, messages, isDone) => {
      const { partition } = range;
      const topic = topicOf.get(range) as string;
      const records = messages.map((message) => recordOf(topic, partition, message));
      return handle({ topic, partition, records, positions: [] }, isDone);
    });
  }

  /** Reads the partitions from their beginning to where they end now. */
  async #read<Taken>(partitions: readonly number[], take: (entry: StateEntry) => Taken): Promise<Taken[]> {
    const topic = this.#config.topicPrefix + TOPICS.state;
    const offsets = await patiently(() => this.#admin.fetchTopicOffsets(topic));
    const ranges = offsets
      .filter(({ partition }) => partitions.includes(partition))
      .map(({ partition, low, high }) => ({ topic, partition, from: Number(low), to: Number(high) }));
    const newest = new Map<string, Newest<Taken>>();
    const purpose = `${this.#config.groupId}-restore`;
    await readRanges(this.#cluster, purpose, ranges, async ({ partition }, messages) => {
      for (const { key: bytes, value, headers, offset } of messages) {
        const key = String(bytes);
        const epoch = epochIn(headers) ?? 0;
        if (key === CLAIM_KEY || epoch < (newest.get(key)?.epoch ?? 0)) continue;
        const taken = value === null ? null : { of: take({ key, partition, offset: Number(offset), value }) };
        newest.set(key, { epoch, taken });
      }
    });
    return [...newest.values()].flatMap(({ taken }) => (taken === null ? [] : [taken.of]));
  }

  get #cluster() {
    return { kafka: this.#kafka, admin: this.#admin };
  }
}
