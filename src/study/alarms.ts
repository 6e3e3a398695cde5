import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { percentile } from './bootstrap.js';
import type { MonitoredStay, MonitoredStays, StudiedEvent, Watch } from './monitored.js';
import type { Weights } from './ranking.js';

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

/** Whether an alarm so long before an onset claims it, by the rules of Hyland et al. */
export function isWithin(lead: number): boolean {
  return lead >= HYLAND_RULES.leastMs && lead <= HYLAND_RULES.horizonMs;
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
 * in the window. Those that were brought in, and those that begin within `onStayMs` of admission, do not count either. Whatever the
 * signal, the same events count, so that signals compare.
 */
export function catchable(stay: MonitoredStay, rules: AlarmRules, onStayMs: number): number[] {
  return stay.events.flatMap(({ start, order }, index) => {
    if (order === 'arrival' || start < stay.start + onStayMs) return [];
    const first = lowerBound(stay.times, stay.from, stay.to, start - rules.horizonMs);
    return first < stay.to && stay.times[first] <= start - rules.leastMs ? [index] : [];
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
  const { times, signal, to, events } = stay;
  const caught: number[] = [];
  const leads: number[] = [];
  let alarms = 0;
  let trueAlarms = 0;
  let next = 0;
  let silentUntil = Number.NEGATIVE_INFINITY;
  let firstCandidate = 0;
  for (let index = stay.from; index < to; index++) {
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

/** Whether an event that was not brought in begins within the window after an alarm. */
function claims(events: readonly StudiedEvent[], next: number, time: number, rules: AlarmRules): boolean {
  for (let index = next; index < events.length; index++) {
    const lead = events[index].start - time;
    if (lead > rules.horizonMs) return false;
    if (lead >= rules.leastMs && events[index].order !== 'arrival') return true;
  }
  return false;
}

/** What one threshold did over all stays. Shapes [stays] unless said. */
export interface CohortAlarms {
  readonly threshold: number;
  readonly alarms: Float64Array;
  readonly trueAlarms: Float64Array;
  /** Places of the stays with any alarm, ascending: at most thresholds most have none. */
  readonly sounded: Uint32Array;
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

/** What depends on neither threshold nor signal, told once for stays that are judged by many. Shapes [stays]. */
interface Ground {
  readonly rules: AlarmRules;
  readonly onStayMs: number;
  readonly watch: Watch;
  readonly catchable: readonly (readonly number[])[];
  readonly events: Float64Array;
  readonly hours: Float64Array;
}

/** By the events. */
const KNOWN_GROUND = new WeakMap<MonitoredStays['events'], Ground>();
const NONE: readonly number[] = [];

function groundOf(stays: MonitoredStays, rules: AlarmRules, onStayMs: number): Ground {
  const { watch } = stays;
  const known = KNOWN_GROUND.get(stays.events);
  if (known?.rules === rules && known.onStayMs === onStayMs && known.watch === watch) return known;
  const candidates = stays.events.map((events, place) =>
    events.length === 0 ? NONE : catchable(stays.at(place), rules, onStayMs),
  );
  const ground = {
    rules,
    onStayMs,
    watch,
    catchable: candidates,
    events: Float64Array.from(candidates, ({ length }) => length),
    hours: watch.ends.map((end, place) => (end - watch.starts[place]) / HOUR_MS),
  };
  KNOWN_GROUND.set(stays.events, ground);
  return ground;
}

/** Sounds the alarms of all stays. Events that begin within `onStayMs` of admission count neither way. */
export function cohortAlarms(
  stays: MonitoredStays,
  threshold: number,
  rules: AlarmRules,
  onStayMs: number,
): CohortAlarms {
  const { catchable: candidates, events, hours } = groundOf(stays, rules, onStayMs);
  const alarms = new Float64Array(stays.length);
  const trueAlarms = new Float64Array(stays.length);
  const caught = new CaughtEvents(stays.length);
  for (let place = 0; place < stays.length; place++) {
    const result = stayAlarms(stays.at(place), candidates[place], threshold, rules);
    alarms[place] = result.alarms;
    trueAlarms[place] = result.trueAlarms;
    caught.add(place, result.leads);
  }
  return { threshold, alarms, trueAlarms, sounded: placesOf(alarms), events, hours, ...caught.sorted() };
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
  const alarms = Float64Array.from(stays, (stay) => stay.alarms);
  const caught = new CaughtEvents(stays.length);
  stays.forEach(({ leads }, place) => {
    caught.add(place, leads);
  });
  return {
    threshold: Number.NaN,
    alarms,
    sounded: placesOf(alarms),
    trueAlarms: Float64Array.from(stays, ({ trueAlarms }) => trueAlarms),
    events: Float64Array.from(stays, ({ events }) => events),
    hours: Float64Array.from(stays, ({ hours }) => hours),
    ...caught.sorted(),
  };
}

/** Where there are any. */
function placesOf(counts: Float64Array): Uint32Array {
  return Uint32Array.from(counts.keys()).filter((place) => counts[place] > 0);
}

/** Lead times of the events caught, as they are found. */
class CaughtEvents {
  readonly #caught: Float64Array;
  readonly #leads: number[] = [];
  readonly #stays: number[] = [];

  constructor(stays: number) {
    this.#caught = new Float64Array(stays);
  }

  add(stay: number, leads: readonly number[]): void {
    this.#caught[stay] = leads.length;
    for (const lead of leads) {
      this.#leads.push(lead);
      this.#stays.push(stay);
    }
  }

  /** Ascending. */
  sorted(): Pick<CohortAlarms, 'caught' | 'leads' | 'leadStays'> {
    const leads = this.#leads;
    const order = Uint32Array.from(leads.keys()).sort((a, b) => leads[a] - leads[b] || a - b);
    return {
      caught: this.#caught,
      leads: Float64Array.from(order, (place) => leads[place]),
      leadStays: Uint32Array.from(order, (place) => this.#stays[place]),
    };
  }
}

/** Events and hours over stays, or over a resample of them: the same for all thresholds and signals. */
export function watched(
  { events, hours }: Pick<CohortAlarms, 'events' | 'hours'>,
  weights?: Weights,
): Pick<Totals, 'events' | 'hours'> {
  const all = { events: 0, hours: 0 };
  for (let index = 0; index < events.length; index++) {
    const weight = weights === undefined ? 1 : weights[index];
    if (weight === 0) continue;
    all.events += weight * events[index];
    all.hours += weight * hours[index];
  }
  return all;
}

/** Sums up over stays, or over a resample of them; `all` where it is known. */
export function alarmFigures(
  cohort: CohortAlarms,
  weights?: Weights,
  all = watched(cohort, weights),
): AlarmFigures {
  let [alarms, trueAlarms, caught] = [0, 0, 0];
  for (const index of cohort.sounded) {
    const weight = weights === undefined ? 1 : weights[index];
    alarms += weight * cohort.alarms[index];
    trueAlarms += weight * cohort.trueAlarms[index];
    caught += weight * cohort.caught[index];
  }
  return figuresOf({ ...all, alarms, trueAlarms, caught }, medianLead(cohort, caught, weights));
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
  stays: MonitoredStays,
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
  for (let place = 0; place < stays.length; place++) {
    const stay = stays.at(place);
    for (let each = 0; each < thresholds.length; each++) {
      const sounded = stayAlarms(stay, candidates[place], thresholds[each], rules);
      // Where only events silence a signal, they silence it at every higher threshold.
      if (sounded.alarms === 0) break;
      totals[each].alarms += sounded.alarms;
      totals[each].trueAlarms += sounded.trueAlarms;
      totals[each].caught += sounded.leads.length;
      for (const lead of sounded.leads) leads[each].push(lead);
    }
  }
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

/** Index of the first value from `from` to before `to` that is not below `value`; `to` where there is none. */
function lowerBound(sorted: Float64Array, from: number, to: number, value: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
