import type { EpochMs } from './events/event.js';

/** Where the pipeline takes the time from. */
export interface Clock {
  now(): EpochMs;
  /** True where time passes by itself. */
  readonly live: boolean;
  /** Told of every event, where the clock is checked against what comes in. */
  heard?(patientId: string, eventTime: EpochMs): void;
  /** So much further ahead than usual an event may be, in milliseconds, since the clock may be wrong; 0 by default. */
  readonly patienceMs?: number;
}

/** The time of day: the only reader of the machine's clock. */
export const WALL_CLOCK: Clock = { now: () => Date.now(), live: true };

/** A clock that replay moves: it shows the newest event time handed to it. */
export class ReplayClock implements Clock {
  readonly live = false;
  #now = Number.NEGATIVE_INFINITY;

  now(): EpochMs {
    return this.#now;
  }

  advanceTo(time: EpochMs): void {
    if (time > this.#now) this.#now = time;
  }
}
