import type { Interval } from '../clinical/intervals.js';
import { percentile } from './bootstrap.js';
import type { Weights } from './ranking.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** When an alarm sounds and which event it may claim. */
export interface AlarmRules {
  /** After an alarm, none for this long. */
  readonly silenceMs: number;
  /** No alarm during an event, nor this long after its end. */
  readonly resetMs: number;
  /** An alarm claims an event that begins at most this long after it … */
  readonly horizonMs: number;
  /** … and at least this long. */
  readonly leastMs: number;
}

/** Hyland et al., Nature Medicine 2020;26:364-373: 30 minutes, 25 minutes (their code), 8 hours, 5 minutes. */
export const HYLAND_RULES: AlarmRules = {
  silenceMs: 30 * MINUTE_MS,
  resetMs: 25 * MINUTE_MS,
  horizonMs: 8 * HOUR_MS,
  leastMs: 5 * MINUTE_MS,
};

/** One stay as alarms see it. Times in ms. */
export interface MonitoredStay {
  /** When the signal was evaluated, ascending. Shape [moments]. */
  readonly times: Float64Array;
  /** Higher is worse; NaN where the signal was not known. Shape [moments]. */
  readonly signal: Float64Array;
  /** Ascending, without overlap. */
  readonly events: readonly Interval[];
  readonly start: number;
  readonly end: number;
}

/** What one threshold did in one stay. */
export interface StayAlarms {
  readonly alarms: number;
  /** Alarms followed by an onset within the rules' window. */
  readonly trueAlarms: number;
  /** Of each event caught, the time from its first alarm within the window to its onset, in ms. */
  readonly leads: readonly number[];
  /** Places of the events caught. */
  readonly caught: readonly number[];
}

/**
 * The events of a stay that can be caught: those before whose onset the patient was watched, with at least one evaluation
 * in the window. Those that begin within `onStayMs` of admission were brought in and do not count either. Whatever the
 * signal, the same events count, so that signals compare.
 */
export function catchable(stay: MonitoredStay, rules: AlarmRules, onStayMs: number): number[] {
  return stay.events.flatMap(({ start }, index) => {
    if (start < stay.start + onStayMs) return [];
    const first = lowerBound(stay.times, start - rules.horizonMs);
    return stay.times[first] <= start - rules.leastMs ? [index] : [];
  });
}

/**
 * Sounds the alarms of one stay where the signal is at or above a threshold. In the last minutes, when no event could be
 * claimed any more, none sounds. An alarm with less than the horizon to the end of the stay counts as false if no event
 * comes, so precision is a lower bound. O(moments + events).
 */
export function stayAlarms(
  stay: MonitoredStay,
  candidates: readonly number[],
  threshold: number,
  rules: AlarmRules,
  onAlarm?: (time: number, isTrue: boolean) => void,
): StayAlarms {
  const { times, signal, events } = stay;
  const caught: number[] = [];
  const leads: number[] = [];
  let alarms = 0;
  let trueAlarms = 0;
  let next = 0;
  let silentUntil = Number.NEGATIVE_INFINITY;
  let firstCandidate = 0;
  for (let index = 0; index < times.length; index++) {
    const time = times[index];
    if (time > stay.end - rules.leastMs) break;
    for (; next < events.length && events[next].start <= time; next++) {
      silentUntil = Math.max(silentUntil, events[next].end + rules.resetMs);
    }
    if (time < silentUntil || !(signal[index] >= threshold)) continue;
    silentUntil = time + rules.silenceMs;
    alarms++;
    const isTrue = claims(events, next, time, rules);
    if (isTrue) trueAlarms++;
    onAlarm?.(time, isTrue);
    for (let each = firstCandidate; each < candidates.length; each++) {
      const lead = events[candidates[each]].start - time;
      if (lead < rules.leastMs) {
        firstCandidate = each + 1;
        continue;
      }
      if (lead > rules.horizonMs) break;
      if (caught.includes(candidates[each])) continue;
      caught.push(candidates[each]);
      leads.push(lead);
    }
  }
  return { alarms, trueAlarms, leads, caught };
}

/** Whether an event begins within the window after an alarm. */
function claims(events: readonly Interval[], next: number, time: number, rules: AlarmRules): boolean {
  for (let index = next; index < events.length; index++) {
    const lead = events[index].start - time;
    if (lead > rules.horizonMs) return false;
    if (lead >= rules.leastMs) return true;
  }
  return false;
}

/** What one threshold did over all stays. Shapes [stays] unless said. */
export interface CohortAlarms {
  readonly threshold: number;
  readonly alarms: Float64Array;
  readonly trueAlarms: Float64Array;
  readonly events: Float64Array;
  readonly caught: Float64Array;
  readonly hours: Float64Array;
  /** Lead times in ms, ascending, and whose they are. Shapes [events caught]. */
  readonly leads: Float64Array;
  readonly leadStays: Uint32Array;
}

/** The figures of event-based evaluation; NaN where there was nothing to divide by. */
export interface AlarmFigures {
  readonly events: number;
  readonly caught: number;
  readonly alarms: number;
  readonly trueAlarms: number;
  /** Events caught of those that could be. */
  readonly recall: number;
  /** True alarms of all. */
  readonly precision: number;
  readonly falsePerTrue: number;
  readonly alarmsPerPatientHour: number;
  readonly alarmsPerPatientDay: number;
  /** From the first alarm within the window to the onset, of events caught. */
  readonly medianLeadHours: number;
}

/** What does not depend on the threshold, told once for stays that are judged at many. Shapes [stays]. */
interface Ground {
  readonly rules: AlarmRules;
  readonly onStayMs: number;
  readonly catchable: readonly (readonly number[])[];
  readonly events: Float64Array;
  readonly hours: Float64Array;
}

const KNOWN_GROUND = new WeakMap<readonly MonitoredStay[], Ground>();

function groundOf(stays: readonly MonitoredStay[], rules: AlarmRules, onStayMs: number): Ground {
  const known = KNOWN_GROUND.get(stays);
  if (known?.rules === rules && known.onStayMs === onStayMs) return known;
  const candidates = stays.map((stay) => catchable(stay, rules, onStayMs));
  const ground = {
    rules,
    onStayMs,
    catchable: candidates,
    events: Float64Array.from(candidates, ({ length }) => length),
    hours: Float64Array.from(stays, ({ start, end }) => (end - start) / HOUR_MS),
  };
  KNOWN_GROUND.set(stays, ground);
  return ground;
}

/** Sounds the alarms of all stays. Events that begin within `onStayMs` of admission count neither way. */
export function cohortAlarms(
  stays: readonly MonitoredStay[],
  threshold: number,
  rules: AlarmRules,
  onStayMs: number,
): CohortAlarms {
  const { catchable: candidates, events, hours } = groundOf(stays, rules, onStayMs);
  const alarms = new Float64Array(stays.length);
  const trueAlarms = new Float64Array(stays.length);
  const leads = stays.map((stay, index) => {
    const result = stayAlarms(stay, candidates[index], threshold, rules);
    alarms[index] = result.alarms;
    trueAlarms[index] = result.trueAlarms;
    return result.leads;
  });
  return { threshold, alarms, trueAlarms, events, hours, ...caughtBy(leads) };
}

/** Alarms that were sounded by something else than a threshold, stay by stay; lead times in ms. */
export function soundedAlarms(
  stays: readonly {
    readonly alarms: number;
    readonly trueAlarms: number;
    readonly events: number;
    readonly hours: number;
    readonly leads: readonly number[];
  }[],
): CohortAlarms {
  return {
    threshold: Number.NaN,
    alarms: Float64Array.from(stays, ({ alarms }) => alarms),
    trueAlarms: Float64Array.from(stays, ({ trueAlarms }) => trueAlarms),
    events: Float64Array.from(stays, ({ events }) => events),
    hours: Float64Array.from(stays, ({ hours }) => hours),
    ...caughtBy(stays.map(({ leads }) => leads)),
  };
}

/** Lead times of all stays, ascending. */
function caughtBy(
  leadsOf: readonly (readonly number[])[],
): Pick<CohortAlarms, 'caught' | 'leads' | 'leadStays'> {
  const leads: [lead: number, stay: number][] = [];
  leadsOf.forEach((of, stay) => {
    for (const lead of of) leads.push([lead, stay]);
  });
  leads.sort((a, b) => a[0] - b[0]);
  return {
    caught: Float64Array.from(leadsOf, ({ length }) => length),
    leads: Float64Array.from(leads, ([lead]) => lead),
    leadStays: Uint32Array.from(leads, ([, stay]) => stay),
  };
}

/** Sums up over stays, or over a resample of them. */
export function alarmFigures(cohort: CohortAlarms, weights?: Weights): AlarmFigures {
  let [alarms, trueAlarms, events, caught, hours] = [0, 0, 0, 0, 0];
  for (let index = 0; index < cohort.alarms.length; index++) {
    const weight = weights === undefined ? 1 : weights[index];
    if (weight === 0) continue;
    events += weight * cohort.events[index];
    hours += weight * cohort.hours[index];
    // Most stays have none at most thresholds.
    const sounded = cohort.alarms[index];
    if (sounded === 0) continue;
    alarms += weight * sounded;
    trueAlarms += weight * cohort.trueAlarms[index];
    caught += weight * cohort.caught[index];
  }
  return figuresOf({ alarms, trueAlarms, events, caught, hours }, medianLead(cohort, caught, weights));
}

/** Totals over stays. */
interface Totals {
  alarms: number;
  trueAlarms: number;
  events: number;
  caught: number;
  hours: number;
}

function figuresOf(
  { alarms, trueAlarms, events, caught, hours }: Totals,
  medianLeadMs: number,
): AlarmFigures {
  return {
    events,
    caught,
    alarms,
    trueAlarms,
    recall: caught / events,
    precision: trueAlarms / alarms,
    falsePerTrue: (alarms - trueAlarms) / trueAlarms,
    alarmsPerPatientHour: alarms / hours,
    alarmsPerPatientDay: (24 * alarms) / hours,
    medianLeadHours: medianLeadMs / HOUR_MS,
  };
}

/**
 * The figures at each of some thresholds, ascending, as `cohortAlarms` and `alarmFigures` give them: stay by stay, so that what is
 * known of one stays at hand for all thresholds.
 */
export function alarmSweep(
  stays: readonly MonitoredStay[],
  thresholds: readonly number[],
  rules: AlarmRules,
  onStayMs: number,
): AlarmFigures[] {
  const { catchable: candidates, events, hours } = groundOf(stays, rules, onStayMs);
  const [allEvents, allHours] = [events, hours].map((each) => each.reduce((total, one) => total + one, 0));
  const totals = thresholds.map(
    (): Totals => ({ alarms: 0, trueAlarms: 0, events: allEvents, caught: 0, hours: allHours }),
  );
  const leads = thresholds.map((): number[] => []);
  stays.forEach((stay, index) => {
    for (let each = 0; each < thresholds.length; each++) {
      const sounded = stayAlarms(stay, candidates[index], thresholds[each], rules);
      // Where only events silence a signal, they silence it at every higher threshold.
      if (sounded.alarms === 0) return;
      totals[each].alarms += sounded.alarms;
      totals[each].trueAlarms += sounded.trueAlarms;
      totals[each].caught += sounded.leads.length;
      for (const lead of sounded.leads) leads[each].push(lead);
    }
  });
  return totals.map((total, each) =>
    figuresOf(total, percentile(Float64Array.from(leads[each]).sort(), 0.5)),
  );
}

function medianLead({ leads, leadStays }: CohortAlarms, count: number, weights?: Weights): number {
  if (weights === undefined) return percentile(leads, 0.5);
  let below = 0;
  let lower = Number.NaN;
  for (let index = 0; index < leads.length; index++) {
    below += weights[leadStays[index]];
    // With an even number the median is halfway between the two in the middle.
    if (Number.isNaN(lower) && below >= count / 2) {
      if (below > count / 2) return leads[index];
      lower = leads[index];
    } else if (!Number.isNaN(lower) && weights[leadStays[index]] > 0) return (lower + leads[index]) / 2;
  }
  return Number.NaN;
}

/**
 * Thresholds that cover the whole range of a signal, ascending: every distinct value, or `most` quantiles of them where
 * there are more.
 */
export function thresholdsOf(stays: readonly MonitoredStay[], most = 101): number[] {
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
  stays: readonly MonitoredStay[],
  alarmsPerPatientDay: number,
  rules: AlarmRules,
): number | null {
  const values = distinctValues(stays);
  const hours = stays.reduce((total, { start, end }) => total + (end - start) / HOUR_MS, 0);
  const isTooMany = (threshold: number) => {
    let alarms = 0;
    return stays.some((stay) => {
      alarms += stayAlarms(stay, [], threshold, rules).alarms;
      return !((24 * alarms) / hours <= alarmsPerPatientDay);
    });
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

const KNOWN_VALUES = new WeakMap<readonly MonitoredStay[], Float64Array>();

/** Every value of a signal once, ascending. */
function distinctValues(stays: readonly MonitoredStay[]): Float64Array {
  const known = KNOWN_VALUES.get(stays);
  if (known !== undefined) return known;
  const all = new Float64Array(stays.reduce((size, { signal }) => size + signal.length, 0));
  let size = 0;
  for (const { signal } of stays) {
    for (let index = 0; index < signal.length; index++) {
      if (!Number.isNaN(signal[index])) all[size++] = signal[index];
    }
  }
  const sorted = all.subarray(0, size).sort();
  let distinct = 0;
  for (let index = 0; index < size; index++) {
    if (index === 0 || sorted[index] !== sorted[index - 1]) sorted[distinct++] = sorted[index];
  }
  const values = sorted.slice(0, distinct);
  KNOWN_VALUES.set(stays, values);
  return values;
}

/** Index of the first value not below `value`. */
function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
