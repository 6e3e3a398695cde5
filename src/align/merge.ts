import { type ClinicalEvent, compareEvents, type EpochMs } from '../events/event.js';

export interface MergeOptions {
  /** How far events may be out of order, in milliseconds of event time. */
  readonly reorderWindowMs: number;
  /** Live, time is also what the bus tells of its reading; in replay only events move it. */
  readonly live: boolean;
  /** A topic with more events waiting for slower topics than this is not read on for now. */
  readonly maxWaiting: number;
}

/** What the bus tells of a topic's reading. */
export interface TopicTime {
  /** All that was appended before and can be read is here. */
  readonly readThrough: EpochMs;
  /** All that was appended before is here. */
  readonly completeThrough: EpochMs;
  /** No answer comes for it, while they come for others: nothing waits for it any more. */
  readonly isSilent: boolean;
}

interface Topic extends TopicTime {
  /** Newest event time seen. */
  frontier: EpochMs;
}

/** A topic of which nothing is known: all its events may be still to come. */
const UNREAD: Topic = {
  frontier: Number.NEGATIVE_INFINITY,
  readThrough: Number.NEGATIVE_INFINITY,
  completeThrough: Number.NEGATIVE_INFINITY,
  isSilent: false,
};

/**
 * Merges the logs of one partition (`topics`: its co-partitioned topics) into event-time order. An event is released
 * once every topic has passed it by `reorderWindowMs`: by its events, or since it is known as read up to then.
 */
export class PartitionMerge {
  readonly #options: MergeOptions;
  readonly #topics: Map<string, Topic>;
  #held: ClinicalEvent[] = [];
  /** At most the event time of the oldest event held. */
  #oldest = Number.POSITIVE_INFINITY;
  /** Released in the middle of a batch, before an event that comes too late for its place. */
  #ready: ClinicalEvent[] = [];

  /** `topics` are waited for though nothing has come of them; others join with their first batch. */
  constructor(options: MergeOptions, topics: readonly string[] = []) {
    this.#options = options;
    this.#topics = new Map(topics.map((topic) => [topic, { ...UNREAD }]));
  }

  /** Events waiting for their time. */
  get held(): readonly ClinicalEvent[] {
    return this.#ready.length === 0 ? this.#held : [...this.#ready, ...this.#held];
  }

  /**
   * Takes in one batch of one topic. What is later than the window allows is late however the topic is cut into batches. An
   * event ahead of the clock tells nothing of how far its topic is read: its producer's clock is wrong.
   */
  add(name: string, events: readonly ClinicalEvent[], now: EpochMs): void {
    const topic = this.#topicOf(name);
    for (const event of events) {
      const { eventTime } = event;
      if (eventTime <= topic.frontier - this.#options.reorderWindowMs) {
        this.#ready.push(...this.#releaseThrough(this.watermark(now)));
      }
      this.#held.push(event);
      if (eventTime < this.#oldest) this.#oldest = eventTime;
      if (eventTime > topic.frontier && eventTime <= now) topic.frontier = eventTime;
    }
  }

  /** Takes note of how far a topic is read. */
  note(name: string, time: TopicTime): void {
    Object.assign(this.#topicOf(name), time);
  }

  /** Event time up to which events are released: nothing more is expected of it but what silent topics have. */
  watermark(now: EpochMs): EpochMs {
    let slowest = this.#topics.size === 0 ? Number.NEGATIVE_INFINITY : now;
    for (const topic of this.#topics.values())
      if (!topic.isSilent) slowest = Math.min(slowest, reached(topic));
    return slowest - this.#options.reorderWindowMs;
  }

  /** Event time beyond which events are released past a silent topic; infinite where none is silent. */
  get orderedThrough(): EpochMs {
    const isWhole = [...this.#topics.values()].every(({ isSilent }) => !isSilent);
    return isWhole ? Number.POSITIVE_INFINITY : this.#slowest(reached) - this.#options.reorderWindowMs;
  }

  /**
   * Event time up to which everything is here: so what is due by then may happen. Live, the events of other patients do not
   * tell it, only what is known of the reading; in replay, where nobody tells of that, all that is released is all there is.
   */
  completeThrough(now: EpochMs): EpochMs {
    if (!this.#options.live) return this.watermark(now);
    return (
      Math.min(
        now,
        this.#slowest(({ completeThrough }) => completeThrough),
      ) - this.#options.reorderWindowMs
    );
  }

  /** Topics that are so far ahead of the slowest one that reading them on would only fill the memory. */
  topicsAhead(now: EpochMs): string[] {
    const { maxWaiting, reorderWindowMs } = this.#options;
    if (this.#held.length <= maxWaiting) return [];
    const slowest = this.watermark(now) + reorderWindowMs;
    const waiting = new Map<string, number>();
    for (const { topic } of this.#held) waiting.set(topic, (waiting.get(topic) ?? 0) + 1);
    return [...waiting]
      .filter(([name, count]) => count > maxWaiting && this.#topicOf(name).frontier > slowest)
      .map(([name]) => name);
  }

  /** The held events up to the watermark, in order. */
  release(now: EpochMs): ClinicalEvent[] {
    return this.#withReady(this.#releaseThrough(this.watermark(now)));
  }

  /** All held events, in order: the stream has ended. */
  flush(): ClinicalEvent[] {
    return this.#withReady(this.#releaseThrough(Number.POSITIVE_INFINITY));
  }

  #topicOf(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { ...UNREAD };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #slowest(timeOf: (topic: Topic) => EpochMs): EpochMs {
    return this.#topics.size === 0
      ? Number.NEGATIVE_INFINITY
      : Math.min(...[...this.#topics.values()].map(timeOf));
  }

  #withReady(released: ClinicalEvent[]): ClinicalEvent[] {
    if (this.#ready.length === 0) return released;
    const all = this.#ready.concat(released);
    this.#ready = [];
    return all;
  }

  #releaseThrough(watermark: EpochMs): ClinicalEvent[] {
    if (this.#oldest > watermark) return [];
    const held = this.#held.sort(compareEvents);
    let count = held.length;
    while (count > 0 && held[count - 1].eventTime > watermark) count--;
    this.#oldest = held[count]?.eventTime ?? Number.POSITIVE_INFINITY;
    if (count === 0) return [];
    if (count === held.length) {
      this.#held = [];
      return held;
    }
    this.#held = held.slice(count);
    held.length = count;
    return held;
  }
}

function reached({ frontier, readThrough }: Topic): EpochMs {
  return Math.max(frontier, readThrough);
}
