import type { FeedTimes } from '../align/feed-times.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';

/** When a feed counts as silent: settings of `align.feeds`. */
export interface FeedLimits {
  /** A variable is silent after so many of its usual intervals… */
  readonly multiple: number;
  /** …but not before this, in milliseconds. */
  readonly floorMs: number;
  /** Usual intervals that are told instead of learned, by variable index, in milliseconds. */
  readonly usualMs: ReadonlyMap<number, number>;
}

/** …nor, of what comes less often than this, before so many times the longest of its last intervals: what people chart is no clockwork. */
const CHARTED_MS = 2 * MINUTE_MS;
const LONGEST_FACTOR = 2;
/** A bed's feed is its quickest variables, and those that come no less often than this many times more slowly: what is charted beside a monitor is another. */
const FEED_FACTOR = 4;
/** Of a bed of which too few values have come to tell: so long a vital sign counts for a score. */
const UNKNOWN_MS = 4 * HOUR_MS;

/** When the next values of a patient are due. Times by event time. */
export interface Due {
  /** When the feed last spoke. */
  readonly last: EpochMs;
  /** Silent from then on. */
  readonly at: EpochMs;
  /** How often its quickest variable comes, in milliseconds; null: not known. */
  readonly usualMs: number | null;
  /** Silent so long after its last value, in milliseconds. */
  readonly afterMs: number;
}

/** After how long without a value the variable is silent; null where that cannot be told. */
export function silentAfter(times: FeedTimes, variable: number, limits: FeedLimits): number | null {
  const { multiple, floorMs, usualMs } = limits;
  const told = usualMs.get(variable);
  if (told !== undefined) return Math.max(floorMs, multiple * told);
  const pace = times.paceOf(variable);
  if (pace === null) return null;
  const longestMs = pace.usualMs < CHARTED_MS ? 0 : LONGEST_FACTOR * pace.longestMs;
  return Math.max(floorMs, multiple * pace.usualMs, longestMs);
}

/** When the feed of the patient is due; null where none has ever spoken. */
export function dueOf(times: FeedTimes, limits: FeedLimits): Due | null {
  const usualOf = (variable: number) =>
    limits.usualMs.get(variable) ?? times.paceOf(variable)?.usualMs ?? Number.NaN;
  if (!Number.isFinite(times.newest)) return null;
  let quickest = Number.POSITIVE_INFINITY;
  for (let variable = 0; variable < VARIABLE_COUNT; variable++) {
    if (!Number.isNaN(times.lastOf(variable)) && usualOf(variable) < quickest) quickest = usualOf(variable);
  }
  if (quickest === Number.POSITIVE_INFINITY) {
    return { last: times.newest, at: times.newest + UNKNOWN_MS, usualMs: null, afterMs: UNKNOWN_MS };
  }
  let at = Number.NEGATIVE_INFINITY;
  let last = at;
  let afterMs = 0;
  for (let variable = 0; variable < VARIABLE_COUNT; variable++) {
    const came = times.lastOf(variable);
    if (!(usualOf(variable) <= FEED_FACTOR * quickest) || Number.isNaN(came)) continue;
    const after = silentAfter(times, variable, limits) ?? 0;
    afterMs = Math.max(afterMs, after);
    at = Math.max(at, came + after);
    last = Math.max(last, came);
  }
  return { last, at, usualMs: quickest, afterMs };
}

/** Variables that are silent at `time` (event time), each by how often it comes itself; and when that may change. */
export function silentVariables(
  times: FeedTimes,
  time: EpochMs,
  limits: FeedLimits,
): { readonly silent: readonly number[]; readonly nextAt: EpochMs } {
  const silent: number[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (let variable = 0; variable < VARIABLE_COUNT; variable++) {
    const came = times.lastOf(variable);
    const after = Number.isNaN(came) ? null : silentAfter(times, variable, limits);
    if (after === null) continue;
    if (time - came > after) silent.push(variable);
    else nextAt = Math.min(nextAt, came + after);
  }
  return { silent, nextAt };
}
