import type { RecordBatch, TopicProgress } from '../bus/bus.js';
import { INPUT_TOPICS } from '../contract/topics.js';
import type { SchemaLoader } from './schema-loader.js';

/** Bytes of records that may wait in memory before their partition is not read on. */
const MAX_HELD_BYTES = 16 * 1_048_576;
const NEVER = Number.NEGATIVE_INFINITY;

interface Held {
  readonly batches: RecordBatch[];
  bytes: number;
  isPaused: boolean;
}

/**
 * Lets a partition's batches into the pipeline when the writer schemas they need are here. One that must wait holds all of its partition
 * behind it, so that a patient's messages stay in order, and no other.
 */
export class SchemaGate {
  readonly #loader: SchemaLoader;
  readonly #accept: (batch: RecordBatch) => Promise<void>;
  readonly #pause: (partition: number, topics: readonly string[]) => void;
  readonly #held = new Map<number, Held>();
  /** The newest that is true inside, by partition and topic. */
  readonly #inside = new Map<string, TopicProgress>();
  readonly #releases = new Set<Promise<void>>();

  /** `accept` takes a batch in; `pause` is told of which partitions no topic is to be read for now. */
  constructor(
    loader: SchemaLoader,
    accept: (batch: RecordBatch) => Promise<void>,
    pause: (partition: number, topics: readonly string[]) => void,
  ) {
    this.#loader = loader;
    this.#accept = accept;
    this.#pause = pause;
  }

  /** Partitions that wait for the registry. */
  get waiting(): number[] {
    return this.#loader.isAway ? [...this.#held.keys()].sort((a, b) => a - b) : [];
  }

  /** Takes the batch in, at once or when its turn has come. */
  async pass(batch: RecordBatch): Promise<void> {
    const { partition } = batch;
    const held = this.#held.get(partition);
    if (held !== undefined) {
      this.#hold(held, batch);
      return;
    }
    if (!this.#loader.isMissing(batch.records)) return this.#accept(batch);
    const queue: Held = { batches: [], bytes: 0, isPaused: false };
    this.#held.set(partition, queue);
    this.#hold(queue, batch);
    const release = this.#release(partition, queue).finally(() => this.#releases.delete(release));
    this.#releases.add(release);
  }

  /**
   * How far topics are read into the pipeline, by what the bus tells of its reading: of a partition that waits, as far as when it began
   * to, since time must not pass there while its input is not in.
   */
  inside(progress: readonly TopicProgress[]): TopicProgress[] {
    return progress.map((each) => {
      const key = `${each.partition}/${each.topic}`;
      if (!this.#held.has(each.partition)) this.#inside.set(key, each);
      return this.#inside.get(key) ?? { ...each, readThrough: NEVER, completeThrough: NEVER };
    });
  }

  /** Forgets what waits, and what was known, of partitions that are another process's now. */
  drop(partitions: readonly number[]): void {
    for (const partition of partitions) this.#held.delete(partition);
    for (const [key, { partition }] of this.#inside)
      if (partitions.includes(partition)) this.#inside.delete(key);
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    while (this.#releases.size > 0) await Promise.all(this.#releases);
  }

  #hold(held: Held, batch: RecordBatch): void {
    held.batches.push(batch);
    for (const { start, end } of batch.records) held.bytes += end - start;
    if (held.bytes <= MAX_HELD_BYTES || held.isPaused) return;
    held.isPaused = true;
    this.#pause(batch.partition, INPUT_TOPICS);
  }

  async #release(partition: number, held: Held): Promise<void> {
    const isStill = () => this.#held.get(partition) === held;
    for (let batch = held.batches[0]; batch !== undefined; batch = held.batches[0]) {
      await this.#loader.load(batch.records);
      if (!isStill()) return;
      await this.#accept(batch);
      held.batches.shift();
    }
    if (!isStill()) return;
    this.#held.delete(partition);
    if (held.isPaused) this.#pause(partition, []);
  }
}

/** Topics that are not read for now, on more than one account: those of all of them. */
export class PausedTopics {
  readonly #pause: (partition: number, topics: readonly string[]) => void;
  readonly #byAccount = new Map<string, readonly string[]>();

  constructor(pause: (partition: number, topics: readonly string[]) => void) {
    this.#pause = pause;
  }

  /** What is paused of a partition on one account, from now on. */
  on(account: 'merge' | 'schemas'): (partition: number, topics: readonly string[]) => void {
    return (partition, topics) => {
      this.#byAccount.set(`${account} ${partition}`, topics);
      const all = (['merge', 'schemas'] as const).flatMap(
        (each) => this.#byAccount.get(`${each} ${partition}`) ?? [],
      );
      this.#pause(partition, [...new Set(all)]);
    };
  }

  /** Of partitions that are another process's now nothing is paused here. */
  forget(partitions: readonly number[]): void {
    for (const partition of partitions) {
      for (const account of ['merge', 'schemas']) this.#byAccount.delete(`${account} ${partition}`);
    }
  }
}
