import { VARIABLES, variableIndex } from '../clinical/variables.js';

const HOUR_MS = 3_600_000;
/** How far back trends look. */
const MEMORY_MS = 8 * HOUR_MS;
/** A trend needs two values at least this far apart. */
const LEAST_SPAN_MS = 2 * HOUR_MS;

interface Seen {
  readonly time: number;
  readonly value: number;
}

/** What staff can know by now of one stay's values: those recorded, no later ones. Times in ms of any one origin. */
export class Course {
  readonly #seen: Seen[][] = VARIABLES.map(() => []);

  /** Adds a value in the variable's canonical unit; in order of time. */
  record(variable: number, value: number, time: number): void {
    const seen = this.#seen[variable];
    seen.push({ time, value });
    while (seen.length > 1 && seen[0].time < time - MEMORY_MS) seen.shift();
  }

  /** The last value if it is not older than `hours`; NaN otherwise. */
  last(id: string, now: number, hours = Number.POSITIVE_INFINITY): number {
    const newest = this.#seen[variableIndex(id)].at(-1);
    return newest !== undefined && now - newest.time <= hours * HOUR_MS ? newest.value : Number.NaN;
  }

  /** The values of the last hours. */
  recent(id: string, now: number, hours: number): number[] {
    return this.#seen[variableIndex(id)]
      .filter(({ time }) => now - time <= hours * HOUR_MS)
      .map(({ value }) => value);
  }

  /** The last value less the oldest of the eight hours before it; NaN where there is no such pair. */
  change(id: string): number {
    const seen = this.#seen[variableIndex(id)];
    const newest = seen.at(-1);
    if (newest === undefined || newest.time - seen[0].time < LEAST_SPAN_MS) return Number.NaN;
    return newest.value - seen[0].value;
  }
}
