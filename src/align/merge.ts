import { type ClinicalEvent, compareEvents, type EpochMs } from '../events/event.js';

export interface MergeOptions {
  /** How far events may be out of order, in milliseconds of event time. */
  readonly reorderWindowMs: number;
  /** Live, the clock moves a lane that has been read to its end; in replay only its events do. */
  readonly live: boolean;
  /** A lane with more events waiting for slower lanes than this is not read on for now. */
  readonly maxWaiting: number;
}

/**
 * Merges the logs of one partition (`lanes`: its co-partitioned topics) into event-time order. An event is released
 * once every lane with unread records has passed it by `reorderWindowMs`.
 */
export class PartitionMerge {
  readonly #options: MergeOptions;
  /** Newest event time seen, by lane. */
  readonly #frontier = new Map<string, EpochMs>();
  readonly #caughtUp = new Map<string, boolean>();
  #held: ClinicalEvent[] = [];
  /** At most the event time of the oldest event held. */
  #oldest = Number.POSITIVE_INFINITY;
  /** Released in the middle of a batch, before an event that comes too late for its place. */
  #ready: ClinicalEvent[] = [];

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  /** Events waiting for their time. */
  get held(): readonly ClinicalEvent[] {
    return this.#ready.length === 0 ? this.#held : [...this.#ready, ...this.#held];
  }

  /**
   * Takes in one batch of one lane; `caughtUp` tells whether the lane has no more unread records. What is later than the
   * window allows is late however the lane is cut into batches.
   */
  add(lane: string, events: readonly ClinicalEvent[], caughtUp: boolean, now: EpochMs): void {
    let frontier = this.#frontier.get(lane) ?? Number.NEGATIVE_INFINITY;
    for (const event of events) {
      if (event.eventTime <= frontier - this.#options.reorderWindowMs) {
        this.#frontier.set(lane, frontier);
        this.#ready.push(...this.#releaseThrough(this.watermark(now)));
      }
      this.#held.push(event);
      if (event.eventTime < this.#oldest) this.#oldest = event.eventTime;
      if (event.eventTime > frontier) frontier = Math.min(event.eventTime, now);
    }
    this.#frontier.set(lane, frontier);
    this.#caughtUp.set(lane, caughtUp);
  }

  /** Event time up to which nothing more is expected. */
  watermark(now: EpochMs): EpochMs {
    let slowest = Number.POSITIVE_INFINITY;
    for (const [lane, frontier] of this.#frontier) {
      const reached = this.#options.live && this.#caughtUp.get(lane) ? Math.max(frontier, now) : frontier;
      if (reached < slowest) slowest = reached;
    }
    return slowest - this.#options.reorderWindowMs;
  }

  /** Lanes that are so far ahead of the slowest one that reading them on would only fill the memory. */
  lanesAhead(now: EpochMs): string[] {
    const { maxWaiting, reorderWindowMs } = this.#options;
    if (this.#held.length <= maxWaiting) return [];
    const reached = this.watermark(now) + reorderWindowMs;
    const waiting = new Map<string, number>();
    for (const { topic } of this.#held) waiting.set(topic, (waiting.get(topic) ?? 0) + 1);
    return [...waiting]
      .filter(
        ([lane, count]) =>
          count > maxWaiting && (this.#frontier.get(lane) ?? Number.NEGATIVE_INFINITY) > reached,
      )
      .map(([lane]) => lane);
  }

  /** The held events up to the watermark, in order. */
  release(now: EpochMs): ClinicalEvent[] {
    return this.#withReady(this.#releaseThrough(this.watermark(now)));
  }

  /** All held events, in order: the stream has ended. */
  flush(): ClinicalEvent[] {
    return this.#withReady(this.#releaseThrough(Number.POSITIVE_INFINITY));
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
