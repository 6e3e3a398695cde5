import { VARIABLES, variableIndex } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';

/** How far back trends look. */
const MEMORY_MS = 8 * HOUR_MS;
/** A trend needs two values at least this far apart. */
const LEAST_SPAN_MS = 2 * HOUR_MS;
/** Old values are dropped that many at once. */
const TRIM = 512;

/** Values of one variable, oldest first; those before `first` are too old. */
interface Track {
  readonly times: number[];
  readonly values: number[];
  first: number;
}

/** What staff can know by now of one stay's values: those recorded, no later ones. Times in ms of any one origin. */
export class Course {
  readonly #tracks: Track[] = VARIABLES.map(() => ({ times: [], values: [], first: 0 }));

  /** Adds a value in the variable's canonical unit; in order of time. */
  record(variable: number, value: number, time: number): void {
    const track = this.#tracks[variable];
    const { times, values } = track;
    times.push(time);
    values.push(value);
    while (times[track.first] < time - MEMORY_MS) track.first++;
    if (track.first < TRIM) return;
    times.splice(0, track.first);
    values.splice(0, track.first);
    track.first = 0;
  }

  /** The last value if it is not older than `hours`; NaN otherwise. */
  last(id: string, now: number, hours = Number.POSITIVE_INFINITY): number {
    const { times, values } = this.#tracks[variableIndex(id)];
    const newest = times.length - 1;
    return newest >= 0 && now - times[newest] <= hours * HOUR_MS ? values[newest] : Number.NaN;
  }

  /** The values of the last hours. */
  recent(id: string, now: number, hours: number): number[] {
    const { times, values, first } = this.#tracks[variableIndex(id)];
    let start = times.length;
    while (start > first && now - times[start - 1] <= hours * HOUR_MS) start--;
    return values.slice(start);
  }

  /** The last value less the oldest of the eight hours before it; NaN where there is no such pair. */
  change(id: string): number {
    const { times, values, first } = this.#tracks[variableIndex(id)];
    const newest = times.length - 1;
    if (newest < 0 || times[newest] - times[first] < LEAST_SPAN_MS) return Number.NaN;
    return values[newest] - values[first];
  }
}
