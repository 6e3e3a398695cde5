import type { Clock } from '../clock.js';
import type { EpochMs } from '../events/event.js';
import type { RawRecord } from '../events/record.js';
import type { Consumer, Position, RecordHandler, TopicProgress } from './bus.js';

/** Records of one handed-over batch at most. */
const MAX_BATCH = 2048;
/** There is one log across the topics of a partition. */
const ALL_TOPICS = 'all';

interface Part {
  /** Appended and not yet handed over, over all topics, in order of arrival. */
  unread: RawRecord[];
  /** Records of the hand-over under way. */
  handing: number;
  /** Handed over and not yet committed, by topic: the first such offset. */
  readonly committed: Map<string, number>;
  uncommitted: number;
  /** All that was appended before has been handed over. */
  handedThrough: EpochMs;
}

/** What one reader of a bus in memory has not committed yet: in order of arrival across the topics of a partition. */
export class MemorySubscription {
  readonly #capacity: number;
  readonly #onRoom: () => void;
  readonly #parts: Part[];
  /** Null until somebody reads: then all topics may be asked for. */
  #topics: ReadonlySet<string> | null;
  #wake: () => void = () => undefined;

  /** `onRoom` is told when a partition may have room again. */
  constructor(
    partitions: number,
    capacity: number,
    onRoom: () => void,
    topics: readonly string[] | null = null,
  ) {
    this.#capacity = capacity;
    this.#onRoom = onRoom;
    this.#topics = topics === null ? null : new Set(topics);
    this.#parts = Array.from({ length: partitions }, () => ({
      unread: [],
      handing: 0,
      committed: new Map(),
      uncommitted: 0,
      handedThrough: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Records that have not been handed over yet. */
  get unread(): number {
    return this.#parts.reduce((sum, { unread, handing }) => sum + unread.length + handing, 0);
  }

  /** Whether somebody reads the topic; `mayBeAsked`: or may still ask for it. */
  takes(topic: string, mayBeAsked: boolean): boolean {
    return this.#topics === null ? mayBeAsked : this.#topics.has(topic);
  }

  add(record: RawRecord): void {
    const part = this.#parts[record.partition];
    // Who comes later begins where the topic is then.
    if (!part.committed.has(record.topic)) part.committed.set(record.topic, record.offset);
    part.uncommitted++;
    part.unread.push(record);
  }

  /** There is something to read, or to look at. */
  wake(): void {
    this.#wake();
  }

  /** Where the consumer has taken all and still holds it, only more can move it on: such a partition takes in more. */
  isFull(partition: number): boolean {
    const { uncommitted, unread, handing } = this.#parts[partition];
    return uncommitted >= this.#capacity && unread.length + handing > 0;
  }

  consume(topics: readonly string[], handler: RecordHandler, clock: Clock): Consumer {
    this.#topics = new Set(topics);
    let isOpen = true;
    const loop = (async () => {
      while (isOpen) {
        if (this.#parts.every(({ unread }) => unread.length === 0)) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
            if (!isOpen) resolve();
          });
          continue;
        }
        for (const part of this.#parts) {
          await handOver(part, handler);
          this.#onRoom();
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
        this.#wake();
        await loop;
      },
    };
  }

  #progress(now: EpochMs): TopicProgress[] {
    return this.#parts.map((each, partition) => {
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

  #commit(positions: readonly Position[]): boolean {
    for (const { topic, partition: number, offset } of positions) {
      const part = this.#parts[number];
      const before = part.committed.get(topic) ?? 0;
      if (offset <= before) continue;
      part.committed.set(topic, offset);
      part.uncommitted -= offset - before;
    }
    this.#onRoom();
    return true;
  }
}

/** Hands over what a partition has unread, in order of arrival. */
async function handOver(part: Part, handler: RecordHandler): Promise<void> {
  const records = part.unread;
  part.unread = [];
  part.handing = records.length;
  for (let start = 0; start < records.length; ) {
    const slice = records.slice(start, start + MAX_BATCH);
    start += slice.length;
    const number = slice[0].partition;
    const next = new Map(slice.map(({ topic, offset }) => [topic, offset + 1]));
    const positions = [...next].map(([topic, offset]) => ({ topic, partition: number, offset }));
    await handler.batch({ topic: ALL_TOPICS, partition: number, records: slice, positions });
    part.handing -= slice.length;
  }
}
