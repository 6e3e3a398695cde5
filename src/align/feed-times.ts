import { VARIABLE_COUNT } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';
import type { EpochMs, ObservationEvent } from '../events/event.js';

/** Of so many intervals the median is what is usual: one pause, or a few values at once, do not move it. */
const INTERVALS = 21;
/** Fewer tell nothing. */
const FEWEST = 4;
/** What is usual is at least this: more often than once a second nobody needs to miss a value. */
const SHORTEST_MS = 1000;
/** What comes less often than this is nothing that one waits for: so long a vital sign counts for a score. */
const LONGEST_MS = 4 * HOUR_MS;
/** Cells of a variable: when it came last, how many intervals are known, and these. */
const LAST = 0;
const COUNT = 1;
const HEAD = 2;
const WIDTH = HEAD + INTERVALS;

/** How often a variable comes, as far as can be told. */
export interface Pace {
  /** The usual interval, in milliseconds. */
  readonly usualMs: number;
  /** The longest of the last intervals. */
  readonly longestMs: number;
}

/**
 * When each vital sign of a patient came, by event time, and so how often it does: the median of the last 21 intervals, at least 1 s and at
 * most 4 h. Values that are not used count: what sends them lives. Late ones do not. The same events give the same numbers.
 */
export class FeedTimes {
  readonly #cells: (Float64Array | undefined)[] = [];
  readonly #paces: (Pace | null | undefined)[] = [];
  #newest = Number.NEGATIVE_INFINITY;
  /** Counts messages: by it one knows whether what was computed of this is still so. */
  version = 0;

  /** When anything came last. */
  get newest(): EpochMs {
    return this.#newest;
  }

  /** A message has come. */
  note({ kind, variables, eventTime }: Pick<ObservationEvent, 'kind' | 'variables' | 'eventTime'>): void {
    if (kind !== 'vitals') return;
    this.version++;
    if (eventTime > this.#newest) this.#newest = eventTime;
    for (const variable of variables) this.#come(variable, eventTime);
  }

  /** When the variable came last; NaN: never. */
  lastOf(variable: number): EpochMs {
    return this.#cells[variable]?.[LAST] ?? Number.NaN;
  }

  /** How often the variable comes; null: too few have come to tell. */
  paceOf(variable: number): Pace | null {
    const known = this.#paces[variable];
    if (known !== undefined) return known;
    const cells = this.#cells[variable];
    const isKnown = cells !== undefined && cells[COUNT] >= FEWEST;
    const pace = isKnown ? paceIn(cells) : null;
    this.#paces[variable] = pace;
    return pace;
  }

  /** All that is known, for `restore`. */
  toArray(): number[] {
    return this.#cells.flatMap((cells, variable) => (cells === undefined ? [] : [variable, ...cells]));
  }

  /** Continues from what `toArray` gave; what is no such numbers is left out. */
  restore(numbers: readonly number[]): void {
    for (let start = 0; start + WIDTH < numbers.length; start += 1 + WIDTH) {
      const variable = numbers[start];
      if (!(variable >= 0 && variable < VARIABLE_COUNT)) continue;
      const cells = Float64Array.from(numbers.slice(start + 1, start + 1 + WIDTH));
      this.#cells[variable] = cells;
      this.#paces[variable] = undefined;
      this.version++;
      this.#newest = Math.max(this.#newest, cells[LAST]);
    }
  }

  #come(variable: number, time: EpochMs): void {
    const cells = this.#cells[variable];
    if (cells === undefined) {
      const first = new Float64Array(WIDTH);
      first[LAST] = time;
      this.#cells[variable] = first;
      return;
    }
    const interval = time - cells[LAST];
    if (interval <= 0) return;
    cells[LAST] = time;
    cells[HEAD + (cells[COUNT] % INTERVALS)] = interval;
    cells[COUNT]++;
    this.#paces[variable] = undefined;
  }
}

function paceIn(cells: Float64Array): Pace {
  const sorted = cells.slice(HEAD, HEAD + Math.min(cells[COUNT], INTERVALS)).sort();
  const median = sorted[sorted.length >> 1];
  return {
    usualMs: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, median)),
    longestMs: Math.min(LONGEST_MS, sorted[sorted.length - 1]),
  };
}
