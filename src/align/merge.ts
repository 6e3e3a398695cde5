import { type ClinicalEvent, compareEvents, type EpochMs } from '../events/event.js';

export interface MergeOptions {
  /** How far events may be out of order, in milliseconds of event time. */
  readonly reorderWindowMs: number;
  /** Live, time is also what the bus tells of its reading; in replay only events move it. */
  readonly live: boolean;
  /** A lane with more events waiting for slower lanes than this is not read on for now. */
  readonly maxWaiting: number;
}

/** What the bus tells of a lane's reading. */
export interface LaneTime {
  /** All that was appended before and can be read is here. */
  readonly readThrough: EpochMs;
  /** All that was appended before is here. */
  readonly completeThrough: EpochMs;
  /** No answer comes for it, while they come for others: nothing waits for it any more. */
  readonly isSilent: boolean;
}

interface Lane extends LaneTime {
  /** Newest event time seen. */
  frontier: EpochMs;
}

/** A lane of which nothing is known: all its events may be still to come. */
const UNREAD: Lane = {
  frontier: Number.NEGATIVE_INFINITY,
  readThrough: Number.NEGATIVE_INFINITY,
  completeThrough: Number.NEGATIVE_INFINITY,
  isSilent: false,
};

/**
 * Merges the logs of one partition (`lanes`: its co-partitioned topics) into event-time order. An event is released
 * once every lane has passed it by `reorderWindowMs`: by its events, or since it is known as read up to then.
 */
export class PartitionMerge {
  readonly #options: MergeOptions;
  readonly #lanes: Map<string, Lane>;
  #held: ClinicalEvent[] = [];
  /** At most the event time of the oldest event held. */
  #oldest = Number.POSITIVE_INFINITY;
  /** Released in the middle of a batch, before an event that comes too late for its place. */
  #ready: ClinicalEvent[] = [];

  /** `lanes` are waited for though nothing has come of them; others join with their first batch. */
  constructor(options: MergeOptions, lanes: readonly string[] = []) {
    this.#options = options;
    this.#lanes = new Map(lanes.map((lane) => [lane, { ...UNREAD }]));
  }

  /** Events waiting for their time. */
  get held(): readonly ClinicalEvent[] {
    return this.#ready.length === 0 ? this.#held : [...this.#ready, ...this.#held];
  }

  /**
   * Takes in one batch of one lane. What is later than the window allows is late however the lane is cut into batches. An
   * event ahead of the clock tells nothing of how far its lane is read: its producer's clock is wrong.
   */
  add(name: string, events: readonly ClinicalEvent[], now: EpochMs): void {
    const lane = this.#laneOf(name);
    for (const event of events) {
      const { eventTime } = event;
      if (eventTime <= lane.frontier - this.#options.reorderWindowMs) {
        this.#ready.push(...this.#releaseThrough(this.watermark(now)));
      }
      this.#held.push(event);
      if (eventTime < this.#oldest) this.#oldest = eventTime;
      if (eventTime > lane.frontier && eventTime <= now) lane.frontier = eventTime;
    }
  }

  /** Takes note of how far a lane is read. */
  note(name: string, time: LaneTime): void {
    Object.assign(this.#laneOf(name), time);
  }

  /** Event time up to which events are released: nothing more is expected of it but what silent lanes have. */
  watermark(now: EpochMs): EpochMs {
    let slowest = this.#lanes.size === 0 ? Number.NEGATIVE_INFINITY : now;
    for (const lane of this.#lanes.values()) if (!lane.isSilent) slowest = Math.min(slowest, reached(lane));
    return slowest - this.#options.reorderWindowMs;
  }

  /** Event time beyond which events are released past a silent lane; infinite where none is silent. */
  get orderedThrough(): EpochMs {
    const isWhole = [...this.#lanes.values()].every(({ isSilent }) => !isSilent);
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

  /** Lanes that are so far ahead of the slowest one that reading them on would only fill the memory. */
  lanesAhead(now: EpochMs): string[] {
    const { maxWaiting, reorderWindowMs } = this.#options;
    if (this.#held.length <= maxWaiting) return [];
    const slowest = this.watermark(now) + reorderWindowMs;
    const waiting = new Map<string, number>();
    for (const { topic } of this.#held) waiting.set(topic, (waiting.get(topic) ?? 0) + 1);
    return [...waiting]
      .filter(([name, count]) => count > maxWaiting && this.#laneOf(name).frontier > slowest)
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

  #laneOf(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { ...UNREAD };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #slowest(timeOf: (lane: Lane) => EpochMs): EpochMs {
    return this.#lanes.size === 0
      ? Number.NEGATIVE_INFINITY
      : Math.min(...[...this.#lanes.values()].map(timeOf));
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

function reached({ frontier, readThrough }: Lane): EpochMs {
  return Math.max(frontier, readThrough);
}
