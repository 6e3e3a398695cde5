import { BehaviorSubject, type Observable } from 'rxjs';
import type { EpochMs } from '../events/event.js';
import type { Pace } from './replay.js';

/** Where a paced replay is and how it goes on. */
export interface PacerState {
  readonly isPlaying: boolean;
  /** Event time per real time; null: as fast as it goes. */
  readonly speed: number | null;
  /** The newest moment that happened; NaN before the first. */
  readonly time: EpochMs;
  readonly from: EpochMs;
  readonly isAtEnd: boolean;
}

/** A timer's longest wait. */
const LONGEST_WAIT_MS = 1000;

/**
 * The clock of a replay that people watch: plays at a multiple of real time, pauses, steps from moment to moment, and runs ahead to a
 * time. What happens does not depend on it, only when.
 */
export class Pacer implements Pace {
  readonly #state: BehaviorSubject<PacerState>;
  readonly #now: () => number;
  /** The event time at real time `#anchorAt`; play goes on from there. */
  #anchor = Number.NaN;
  #anchorAt = 0;
  /** Moments that may happen although paused. */
  #steps = 0;
  /** Passing time alone is no change anybody waits for, so it is kept apart. */
  #time = Number.NaN;
  /** Until here it runs as fast as it goes. */
  #ahead = Number.NEGATIVE_INFINITY;
  #arrived: (() => void)[] = [];
  #isStopped = false;
  #wake: () => void = () => undefined;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(
    options: { readonly speed: number | null; readonly isPlaying: boolean },
    now = () => performance.now(),
  ) {
    this.#state = new BehaviorSubject<PacerState>({
      ...options,
      time: Number.NaN,
      from: Number.NaN,
      isAtEnd: false,
    });
    this.#now = now;
  }

  get state(): PacerState {
    return { ...this.#state.value, time: this.#time };
  }

  /** The state whenever it changes by more than the passing of time. */
  get changes$(): Observable<PacerState> {
    return this.#state.asObservable();
  }

  play(): void {
    this.#restart({ isPlaying: true });
  }

  pause(): void {
    this.#restart({ isPlaying: false });
  }

  setSpeed(speed: number | null): void {
    this.#restart({ speed });
  }

  /** Lets the next moment happen, and pauses. */
  step(): void {
    this.#steps++;
    this.#restart({ isPlaying: false });
  }

  /** Runs ahead to a later event time; resolves when all before it has happened. What has happened stays. */
  runTo(time: EpochMs): Promise<void> {
    if (!(time > this.state.time) && !Number.isNaN(this.state.time)) return Promise.resolve();
    if (this.state.isAtEnd) return Promise.resolve();
    this.#ahead = time;
    const arrived = new Promise<void>((resolve) => this.#arrived.push(resolve));
    this.#wake();
    return arrived;
  }

  /** Ends the replay where it is. */
  stop(): void {
    this.#isStopped = true;
    this.#arrive();
    this.#wake();
  }

  /** There is no more. */
  end(): void {
    this.#arrive();
    this.#set({ isPlaying: false, isAtEnd: true });
  }

  async reach(time: EpochMs): Promise<boolean> {
    if (Number.isNaN(this.state.from)) {
      this.#anchor = time;
      this.#anchorAt = this.#now();
      this.#set({ from: time });
    }
    if (time >= this.#ahead && this.#ahead > Number.NEGATIVE_INFINITY) {
      this.#ahead = Number.NEGATIVE_INFINITY;
      this.#anchor = time;
      this.#anchorAt = this.#now();
      this.#set({});
      this.#arrive();
    }
    while (!this.#isStopped && !this.#mayHappen(time)) await this.#changed(this.#waitFor(time));
    if (this.#isStopped) return false;
    this.#time = time;
    return true;
  }

  #mayHappen(time: EpochMs): boolean {
    if (time < this.#ahead) return true;
    const { isPlaying, speed } = this.state;
    if (isPlaying) return speed === null || this.#waitFor(time) <= 0;
    if (this.#steps === 0) return false;
    this.#steps--;
    this.#anchor = time;
    this.#anchorAt = this.#now();
    return true;
  }

  /** Milliseconds until a moment is due; infinite while paused. */
  #waitFor(time: EpochMs): number {
    const { isPlaying, speed } = this.state;
    if (!isPlaying) return Number.POSITIVE_INFINITY;
    return speed === null ? 0 : this.#anchorAt + (time - this.#anchor) / speed - this.#now();
  }

  #changed(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(waitMs)
        ? setTimeout(resolve, Math.max(0, Math.min(LONGEST_WAIT_MS, waitMs)))
        : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Goes on from where it is, in another way. */
  #restart(change: Partial<PacerState>): void {
    const { time } = this.state;
    this.#anchor = Number.isNaN(time) ? this.#anchor : time;
    this.#anchorAt = this.#now();
    this.#set(change);
    this.#wake();
  }

  #arrive(): void {
    const waiting = this.#arrived;
    this.#arrived = [];
    for (const resolve of waiting) resolve();
  }

  #set(change: Partial<PacerState>): void {
    this.#state.next({ ...this.state, ...change });
  }
}
