import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { InputTopic } from '../contract/topics.js';
import { RawRecord } from '../events/record.js';
import type {
  Consumer,
  EventBus,
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
import { MemorySubscription } from './memory-subscription.js';

const NO_BYTES = Buffer.alloc(0);

export interface MemoryBusOptions {
  readonly partitions: number;
  /** Records a partition may hold that are not committed before `produce` waits. */
  readonly capacity: number;
}

/**
 * The embedded bus: topics in memory, partitioned by key, for one engine and readers beside it, who get what comes from when they ask for
 * it on. It keeps order of arrival across the topics of a partition, and holds only what is not committed. A full partition makes `produce`
 * wait.
 */
export class MemoryBus implements EventBus, OpenLog {
  readonly name = 'memory';
  readonly state = null;
  readonly #options: MemoryBusOptions;
  readonly #nextOffset: Map<string, number>[];
  readonly #topics = new Set<string>();
  readonly #engine: MemorySubscription;
  /** The engine's is the first. */
  readonly #subscriptions: MemorySubscription[];
  readonly #tails = new Map<string, Set<TailHandler>>();
  /** Tells its topics from those of another bus. */
  readonly #id = randomUUID();
  #waitingProducers: (() => void)[] = [];
  #isClosed = false;

  constructor(options: MemoryBusOptions) {
    const { partitions, capacity } = options;
    this.#options = options;
    this.#nextOffset = Array.from({ length: partitions }, () => new Map());
    this.#engine = new MemorySubscription(partitions, capacity, () => this.#releaseProducers());
    this.#subscriptions = [this.#engine];
  }

  /** Records that have not been handed over to the engine yet. */
  get unread(): number {
    return this.#engine.unread;
  }

  /** Records that have not been handed over to those who read beside it. */
  get unreadBeside(): number {
    return this.#subscriptions.slice(1).reduce((sum, { unread }) => sum + unread, 0);
  }

  async createTopics(topics: readonly string[]): Promise<string[]> {
    const missing = topics.filter((topic) => !this.#topics.has(topic));
    for (const topic of missing) this.#topics.add(topic);
    return missing;
  }

  async listTopics(): Promise<TopicDescription[]> {
    return [...this.#topics].map((name) => ({ name, partitions: this.#options.partitions }));
  }

  /** Appends the messages; waits while their partition is full. What nobody reads is kept out. */
  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.append(topic, messages);
  }

  async append(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    const offsets: number[] = [];
    this.#topics.add(topic);
    const tails = this.#tails.get(topic);
    let readers = this.#readersOf(topic);
    if (tails === undefined && readers.length === 0) return offsets;
    for (const { key, value, epoch, partition: given } of messages) {
      const partition = given ?? partitionOf(key, this.#options.partitions);
      while (!this.#isClosed && readers.some((each) => each.isFull(partition))) {
        await this.#room();
        readers = this.#readersOf(topic);
      }
      const next = this.#nextOffset[partition];
      const offset = next.get(topic) ?? 0;
      next.set(topic, offset + 1);
      offsets.push(offset);
      const told = { offset, key, value, epoch };
      for (const handler of tails ?? [])
        handler.batch({ topic, partition, records: [told], next: offset + 1 });
      const record = new RawRecord(topic as InputTopic, partition, offset, value ?? NO_BYTES);
      for (const each of readers) each.add(record);
    }
    for (const each of readers) each.wake();
    return offsets;
  }

  async consume(
    topics: readonly string[],
    handler: RecordHandler,
    clock: Clock,
    reader?: Reader,
  ): Promise<Consumer> {
    if (reader === undefined) return this.#engine.consume(topics, handler, clock);
    const { partitions, capacity } = this.#options;
    const beside = new MemorySubscription(partitions, capacity, () => this.#releaseProducers(), topics);
    this.#subscriptions.push(beside);
    const consumer = beside.consume(topics, handler, clock);
    return {
      ...consumer,
      close: async () => {
        this.#subscriptions.splice(this.#subscriptions.indexOf(beside), 1);
        this.#releaseProducers();
        await consumer.close();
      },
    };
  }

  /** Who reads a topic so is given what comes from now on; what has come before is not kept. Nobody else reads it then. */
  async tail(topics: readonly TailOf[], handler: TailHandler): Promise<Tail> {
    const { partitions } = this.#options;
    for (const { topic } of topics) {
      const tails = this.#tails.get(topic) ?? new Set();
      this.#tails.set(topic, tails.add(handler));
      const ends = this.#nextOffset.map((next) => next.get(topic) ?? 0);
      handler.begun(
        topic,
        this.#id,
        ends.map((end) => ({ from: end, end })),
      );
    }
    return {
      progress: { partitions, of: partitions },
      close: async () => {
        for (const { topic } of topics) this.#tails.get(topic)?.delete(handler);
      },
    };
  }

  /** Nothing: what has been handed over is not kept. */
  async read(topic: string, partition: number): Promise<TailStretch> {
    return { from: this.#nextOffset[partition].get(topic) ?? 0, records: [] };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#releaseProducers();
  }

  /** Where somebody reads it without a group, an engine that has not begun does not ask for it. */
  #readersOf(topic: string): MemorySubscription[] {
    const mayBeAsked = !this.#tails.has(topic);
    return this.#subscriptions.filter((each) => each.takes(topic, mayBeAsked));
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waitingProducers.push(resolve);
      for (const each of this.#subscriptions) each.wake();
    });
  }

  #releaseProducers(): void {
    const waiting = this.#waitingProducers;
    this.#waitingProducers = [];
    for (const resolve of waiting) resolve();
  }
}

/** FNV-1a over the UTF-16 units of the key, composed (Unicode NFC), spread over the partitions. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  let bits = 0;
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    bits |= unit;
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  if (bits > 0x7f) {
    const composed = key.normalize('NFC');
    if (composed !== key) return partitionOf(composed, partitions);
  }
  return (hash >>> 0) % partitions;
}
