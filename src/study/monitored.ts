import type { Interval } from '../clinical/intervals.js';
import type { Onset } from '../clinical/onsets.js';

/** Something to be foretold, unless it was brought in; without an order it is. */
export interface StudiedEvent extends Interval {
  readonly order?: Onset['order'];
}

/** One stay as alarms see it. Times in ms. */
export interface MonitoredStay {
  /** When the signal was evaluated, ascending from `from` to before `to`. */
  readonly times: Float64Array;
  /** Higher is worse; NaN where the signal was not known. As `times`. */
  readonly signal: Float64Array;
  readonly from: number;
  readonly to: number;
  /** Ascending, without overlap. */
  readonly events: readonly StudiedEvent[];
  readonly start: number;
  readonly end: number;
}

/** Stays as alarms see them, without their signal: moments of all one after the other. Times in ms. */
export interface Watch {
  /** When signals were evaluated. Shape [moments]. */
  readonly times: Float64Array;
  /** Where the moments of each stay begin, and where the last end. Shape [stays + 1]. */
  readonly offsets: Uint32Array;
  /** Shapes [stays]. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

/** Stays as alarms of one signal see them: of many stays, an object each would outweigh the numbers. */
export class MonitoredStays {
  readonly watch: Watch;
  readonly signal: Float64Array;
  readonly events: readonly (readonly StudiedEvent[])[];
  readonly #stay: { -readonly [field in keyof MonitoredStay]: MonitoredStay[field] };

  constructor(watch: Watch, signal: Float64Array, events: readonly (readonly StudiedEvent[])[]) {
    this.watch = watch;
    this.signal = signal;
    this.events = events;
    this.#stay = { times: watch.times, signal, from: 0, to: 0, events: [], start: 0, end: 0 };
  }

  get length(): number {
    return this.events.length;
  }

  /** A stay, until the next one is asked for. */
  at(place: number): MonitoredStay {
    const { offsets, starts, ends } = this.watch;
    const stay = this.#stay;
    stay.from = offsets[place];
    stay.to = offsets[place + 1];
    stay.events = this.events[place];
    stay.start = starts[place];
    stay.end = ends[place];
    return stay;
  }
}
