import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { InputTopic } from '../contract/topics.js';
import type { EpochMs } from '../events/event.js';
import { RawRecord } from '../events/record.js';
import type {
  Consumer,
  EventBus,
  OpenLog,
  OutgoingMessage,
  Position,
  RecordHandler,
  Tail,
  TailHandler,
  TailOf,
  TailStretch,
  TopicDescription,
  TopicProgress,
} from './bus.js';

export interface MemoryBusOptions {
  readonly partitions: number;
  /** Records a partition may hold that are not committed before `produce` waits. */
  readonly capacity: number;
}

/** Records of one handed-over batch at most. */
const MAX_BATCH = 2048;
/** There is one log across the topics of a partition. */
const ALL_TOPICS = 'all';

interface Partition {
  /** Appended and not yet handed over, over all topics, in order of arrival. */
  unread: RawRecord[];
  /** Records of the hand-over under way. */
  handing: number;
  readonly nextOffset: Map<string, number>;
  /** Handed over and not yet committed, by topic: the first such offset. */
  readonly committed: Map<string, number>;
  uncommitted: number;
  /** All that was appended before has been handed over. */
  handedThrough: EpochMs;
}

/**
 * The embedded bus: topics in memory, partitioned by key, for one consumer. It keeps order of arrival across the topics
 * of a partition, and holds only what is not committed. A full partition makes `produce` wait.
 */
export class MemoryBus implements EventBus, OpenLog {
  readonly name = 'memory';
  readonly state = null;
  readonly #options: MemoryBusOptions;
  readonly #partitions: Partition[];
  readonly #topics = new Set<string>();
  #subscribed: ReadonlySet<string> = new Set();
  readonly #tails = new Map<string, Set<TailHandler>>();
  /** Tells its topics from those of another bus. */
  readonly #id = randomUUID();
  #wakeConsumer: () => void = () => undefined;
  #waitingProducers: (() => void)[] = [];
  #isClosed = false;

  constructor(options: MemoryBusOptions) {
    this.#options = options;
    this.#partitions = Array.from({ length: options.partitions }, () => ({
      unread: [],
      handing: 0,
      nextOffset: new Map(),
      committed: new Map(),
      uncommitted: 0,
      handedThrough: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Records that have not been handed over yet. */
  get unread(): number {
    return this.#partitions.reduce((sum, { unread, handing }) => sum + unread.length + handing, 0);
  }

  async createTopics(topics: readonly string[]): Promise<string[]> {
    const missing = topics.filter((topic) => !this.#topics.has(topic));
    for (const topic of missing) this.#topics.add(topic);
    return missing;
  }

  async listTopics(): Promise<TopicDescription[]> {
    return [...this.#topics].map((name) => ({ name, partitions: this.#options.partitions }));
  }

  /** Appends the messages; waits while their partition is full. Nobody reads a topic that is not subscribed: it is kept out. */
  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    this.#topics.add(topic);
    const tails = this.#tails.get(topic);
    if (tails !== undefined) this.#handToTails(topic, messages, tails);
    if (tails !== undefined || (this.#subscribed.size > 0 && !this.#subscribed.has(topic))) return;
    for (const { key, value, partition: given } of messages) {
      const number = given ?? partitionOf(key, this.#options.partitions);
      const partition = this.#partitions[number];
      while (this.#isFull(partition)) await this.#room();
      const offset = partition.nextOffset.get(topic) ?? 0;
      partition.nextOffset.set(topic, offset + 1);
      partition.uncommitted++;
      partition.unread.push(new RawRecord(topic as InputTopic, number, offset, value ?? Buffer.alloc(0)));
    }
    this.#wakeConsumer();
  }

  async consume(topics: readonly string[], handler: RecordHandler, clock: Clock): Promise<Consumer> {
    this.#subscribed = new Set(topics);
    let isOpen = true;
    const loop = (async () => {
      while (isOpen) {
        const partition = this.#partitions.find(({ unread }) => unread.length > 0);
        if (partition === undefined) {
          await new Promise<void>((resolve) => {
            this.#wakeConsumer = resolve;
            if (!isOpen) resolve();
          });
          continue;
        }
        for (const each of this.#partitions) {
          await handOver(each, handler);
          this.#releaseProducers();
        }
      }
    })();
    return {
      commit: async (positions) => this.#commit(positions),
      recommit: async () => true,
      progress: () => this.#progress(clock.now()),
      // All topics are one log: none can run ahead of it.
      pause: () => undefined,
      close: async () => {
        isOpen = false;
        this.#wakeConsumer();
        await loop;
      },
    };
  }

  /** Who reads a topic so is given what comes from now on; what has come before is not kept. Nobody else reads it then. */
  async tail(topics: readonly TailOf[], handler: TailHandler): Promise<Tail> {
    const { partitions } = this.#options;
    for (const { topic } of topics) {
      const tails = this.#tails.get(topic) ?? new Set();
      this.#tails.set(topic, tails.add(handler));
      const ends = this.#partitions.map(({ nextOffset }) => nextOffset.get(topic) ?? 0);
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
    return { from: this.#partitions[partition].nextOffset.get(topic) ?? 0, records: [] };
  }

  #handToTails(topic: string, messages: readonly OutgoingMessage[], tails: ReadonlySet<TailHandler>): void {
    for (const { key, value, partition: given } of messages) {
      const number = given ?? partitionOf(key, this.#options.partitions);
      const { nextOffset } = this.#partitions[number];
      const offset = nextOffset.get(topic) ?? 0;
      nextOffset.set(topic, offset + 1);
      const records = [{ offset, key, value }];
      for (const handler of tails) handler.batch({ topic, partition: number, records, next: offset + 1 });
    }
  }

  #progress(now: EpochMs): TopicProgress[] {
    return this.#partitions.map((each, partition) => {
      if (each.unread.length + each.handing === 0) each.handedThrough = now;
      const through = each.handedThrough;
      return {
        partition,
        topic: ALL_TOPICS,
        readThrough: through,
        completeThrough: through,
        silentMs: 0,
        unansweredMs: 0,
      };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#releaseProducers();
  }

  #commit(positions: readonly Position[]): boolean {
    for (const { topic, partition: number, offset } of positions) {
      const partition = this.#partitions[number];
      const before = partition.committed.get(topic) ?? 0;
      if (offset <= before) continue;
      partition.committed.set(topic, offset);
      partition.uncommitted -= offset - before;
    }
    this.#releaseProducers();
    return true;
  }

  /** Where the consumer has taken all and still holds it, only more can move it on: such a partition takes in more. */
  #isFull({ uncommitted, unread, handing }: Partition): boolean {
    return uncommitted >= this.#options.capacity && unread.length + handing > 0 && !this.#isClosed;
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waitingProducers.push(resolve);
      this.#wakeConsumer();
    });
  }

  #releaseProducers(): void {
    const waiting = this.#waitingProducers;
    this.#waitingProducers = [];
    for (const resolve of waiting) resolve();
  }
}

/** Hands over what a partition has unread, in order of arrival. */
async function handOver(partition: Partition, handler: RecordHandler): Promise<void> {
  const records = partition.unread;
  partition.unread = [];
  partition.handing = records.length;
  for (let start = 0; start < records.length; ) {
    const slice = records.slice(start, start + MAX_BATCH);
    start += slice.length;
    const number = slice[0].partition;
    const next = new Map(slice.map(({ topic, offset }) => [topic, offset + 1]));
    const positions = [...next].map(([topic, offset]) => ({ topic, partition: number, offset }));
    await handler.batch({ topic: ALL_TOPICS, partition: number, records: slice, positions });
    partition.handing -= slice.length;
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
