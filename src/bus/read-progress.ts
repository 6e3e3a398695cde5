import type { EpochMs } from '../events/event.js';
import type { TopicProgress } from './bus.js';

/** Between two answers of the brokers no more than this counts as waiting: in the rest the process did not run. */
const LONGEST_WAIT_MS = 250;
const NEVER = Number.NEGATIVE_INFINITY;

/** What an answer of a broker says of a topic. */
export interface TopicAnswer {
  /** When it was asked for. */
  readonly askedAt: EpochMs;
  /** All before this offset has been handed over. */
  readonly position: number;
  /** Where that which can be read ended. */
  readonly lastStableOffset: number;
  /** Where the log ended. */
  readonly highWatermark: number;
}

/**
 * How far in time a log is read: when it was asked for, it had an end, and once that offset is passed, all that was
 * appended before is read. So the time is known also of a topic that is never quite at its end.
 */
class ReadTime {
  through: EpochMs = NEVER;
  #end = Number.POSITIVE_INFINITY;
  #askedAt: EpochMs = NEVER;

  note(askedAt: EpochMs, end: number, position: number): void {
    if (position >= this.#end) {
      this.through = this.#askedAt;
      this.#end = Number.POSITIVE_INFINITY;
    }
    if (position >= end) {
      this.through = askedAt;
      this.#end = Number.POSITIVE_INFINITY;
    } else if (this.#end === Number.POSITIVE_INFINITY) {
      this.#end = end;
      this.#askedAt = askedAt;
    }
  }
}

interface TopicPartition {
  readonly partition: number;
  readonly topic: string;
  readonly readable: ReadTime;
  readonly all: ReadTime;
  /** What the waiting was at the newest answer. */
  answeredAt: number;
  isPaused: boolean;
}

/**
 * How far each topic of a subscription is read, by what the brokers answer. A topic counts as silent for as long as brokers have been
 * answering for others: what passes while the process is stopped, or busy with what it was given, is nobody's silence.
 */
export class ReadProgress {
  readonly #now: () => number;
  readonly #topics = new Map<string, TopicPartition>();
  /** Milliseconds spent waiting for answers, until one came. */
  #waited = 0;
  #waitsSince: number;
  #isWaiting = true;

  /** @param now A clock in milliseconds that only goes forwards. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#waitsSince = now();
  }

  /** Topics that are read from now on. */
  begin(partition: number, topics: readonly string[]): void {
    // Until now nothing was asked for.
    if (this.#topics.size === 0) this.#waitsSince = this.#now();
    for (const topic of topics) {
      this.#topics.set(keyOf(partition, topic), {
        partition,
        topic,
        readable: new ReadTime(),
        all: new ReadTime(),
        answeredAt: this.#waited,
        isPaused: false,
      });
    }
  }

  /** The partition is another process's. */
  end(partition: number): void {
    for (const [key, topic] of this.#topics) if (topic.partition === partition) this.#topics.delete(key);
  }

  /** An answer has come, and until `await()` it is processed. */
  arrive(): void {
    this.#waited += Math.min(LONGEST_WAIT_MS, this.#now() - this.#waitsSince);
    this.#isWaiting = false;
  }

  /** The next answer is waited for. */
  await(): void {
    this.#waitsSince = this.#now();
    this.#isWaiting = true;
  }

  /** For how long no broker has answered, in milliseconds; 0 while an answer is processed, and where nothing is read. */
  get unansweredMs(): number {
    return this.#isWaiting && this.#topics.size > 0 ? Math.max(0, this.#now() - this.#waitsSince) : 0;
  }

  answered(partition: number, name: string, answer: TopicAnswer): void {
    const topic = this.#topics.get(keyOf(partition, name));
    if (topic === undefined) return;
    const { askedAt, position, lastStableOffset, highWatermark } = answer;
    topic.readable.note(askedAt, lastStableOffset, position);
    topic.all.note(askedAt, highWatermark, position);
    topic.answeredAt = this.#waited;
  }

  /** These topics of the partition are not asked for. */
  pause(partition: number, names: readonly string[]): void {
    for (const topic of this.#topics.values()) {
      if (topic.partition !== partition) continue;
      const isPaused = names.includes(topic.topic);
      if (topic.isPaused && !isPaused) topic.answeredAt = this.#waited;
      topic.isPaused = isPaused;
    }
  }

  progress(): TopicProgress[] {
    const { unansweredMs } = this;
    return [...this.#topics.values()].map(({ partition, topic, readable, all, answeredAt, isPaused }) => {
      const silentMs = isPaused ? 0 : this.#waited - answeredAt;
      return {
        partition,
        topic,
        readThrough: readable.through,
        completeThrough: all.through,
        silentMs,
        unansweredMs: isPaused ? 0 : silentMs + unansweredMs,
      };
    });
  }
}

function keyOf(partition: number, topic: string): string {
  return `${partition}/${topic}`;
}
