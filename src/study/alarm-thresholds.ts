import { HOUR_MS } from '../durations.js';
import { type AlarmRules, stayAlarms } from './alarms.js';
import type { MonitoredStays } from './monitored.js';

const NONE: readonly number[] = [];

/**
 * Thresholds that cover the whole range of a signal, ascending: every distinct value, or `most` quantiles of them where
 * there are more.
 */
export function thresholdsOf(stays: MonitoredStays, most = 101): number[] {
  const sorted = distinctValues(stays);
  if (sorted.length <= most) return [...sorted];
  const picked = Array.from(
    { length: most },
    (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (most - 1))],
  );
  return [...new Set(picked)];
}

/**
 * The lowest threshold found at which alarms sound at most so often, by bisection over the signal's values; null where
 * they sound more often even at the highest. Since a silence may begin earlier at a lower threshold, alarms need not fall
 * strictly as thresholds rise, and one slightly lower might do too.
 */
export function thresholdAtBurden(
  stays: MonitoredStays,
  alarmsPerPatientDay: number,
  rules: AlarmRules,
): number | null {
  const values = distinctValues(stays);
  const { starts, ends } = stays.watch;
  const hours = starts.reduce((total, start, place) => total + (ends[place] - start) / HOUR_MS, 0);
  const isTooMany = (threshold: number) => {
    let alarms = 0;
    for (let place = 0; place < stays.length; place++) {
      alarms += stayAlarms(stays.at(place), NONE, threshold, rules).alarms;
      if (!((24 * alarms) / hours <= alarmsPerPatientDay)) return true;
    }
    return false;
  };
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTooMany(values[middle])) low = middle + 1;
    else high = middle;
  }
  return values[low] ?? null;
}

const KNOWN_VALUES = new WeakMap<MonitoredStays, Float64Array>();

/** Values of points, pressures and percentages: a signal with no more than these need not be sorted as a whole. */
const FEW = 4096;

/** Every value of a signal once, ascending; null where there are many. */
function fewValues(signal: Float64Array): Float64Array | null {
  const values = new Set<number>();
  for (let index = 0; index < signal.length; index++) {
    if (Number.isNaN(signal[index])) continue;
    values.add(signal[index]);
    if (values.size > FEW) return null;
  }
  return Float64Array.from(values).sort();
}

/** Every value of a signal once, ascending. */
function distinctValues(stays: MonitoredStays): Float64Array {
  const known = KNOWN_VALUES.get(stays);
  if (known !== undefined) return known;
  const values = fewValues(stays.signal) ?? sortedValues(stays.signal);
  KNOWN_VALUES.set(stays, values);
  return values;
}

function sortedValues(signal: Float64Array): Float64Array {
  const all = new Float64Array(signal.length);
  let size = 0;
  for (let index = 0; index < signal.length; index++) {
    if (!Number.isNaN(signal[index])) all[size++] = signal[index];
  }
  const sorted = all.subarray(0, size).sort();
  let distinct = 0;
  for (let index = 0; index < size; index++) {
    if (index === 0 || sorted[index] !== sorted[index - 1]) sorted[distinct++] = sorted[index];
  }
  return sorted.slice(0, distinct);
}
