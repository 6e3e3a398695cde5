import type { ObservedStay } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import type { AlertRule } from '../settings/config.js';
import { alarmFigures, type CohortAlarms, HYLAND_RULES, isWithin, soundedAlarms } from './alarms.js';
import { type BootstrapOptions, bootstrapStays, type Interval95 } from './bootstrap.js';
import type { Endpoint } from './events.js';
import { catchableIn, firstHypoxaemias, type KindRecall, recallByKind } from './kinds.js';
import type { StudiedEvent } from './monitored.js';
import type { RaisedAlert } from './raised-alerts.js';
import type { Weights } from './ranking.js';

/** Who has an event only this long after admission could have been warned of it on the unit. Ours. */
export const WARNABLE_AFTER_MS = 4 * HOUR_MS;

/** A set of alert rules. */
export interface NamedPolicy {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** What alerts do on the ward, as numbers. */
export interface AlertFigures {
  readonly alerts: number;
  readonly alertsPerPatientDay: number;
  /** Alerts raised within the window before an onset, of all. */
  readonly precision: number;
  readonly events: number;
  /** Events with an alert raised within the window before them, of all that count. */
  readonly recall: number;
  readonly medianLeadHours: number;
  /** Stays with an event that counts and begins at least `WARNABLE_AFTER_MS` after admission. */
  readonly warnable: number;
  /** Of these, the share with an alert raised within the window before the first such event. */
  readonly warned: number;
  /** The share with an alert raised at any time before it. */
  readonly warnedEver: number;
  /** Patients whose first PaO2/FiO2 < 200 mmHg came after the first hour, with a score in the window before it. */
  readonly firstHypoxaemias: number;
  /** Of these, the share with an alert raised within the window before it. */
  readonly firstHypoxaemiaRecall: number;
  /** The share of bed-time in which an alert is open. */
  readonly openShare: number;
  /** The longest unbroken time with an alert open. */
  readonly longestOpenHours: number;
}

/** What one set of alert rules would have done on the ward. */
export interface PolicyFigures extends AlertFigures {
  readonly name: string;
  readonly byRule: Readonly<Record<string, number>>;
}

/** What should be foretold in each stay. Shapes [stays]. */
export interface Foreseeable {
  readonly events: readonly (readonly StudiedEvent[])[];
  /** Places of the events that count. */
  readonly counting: readonly (readonly number[])[];
  /**
   * When what makes an alert before it true begins, ascending: any onset that was not brought in, also one that is no event of its own since
   * another kind is there already.
   */
  readonly truths: readonly (readonly number[])[];
  /** When PaO2/FiO2 is first below 200 mmHg, where it is a patient's first and could be foretold. */
  readonly firstHypoxaemia: readonly (number | undefined)[];
}

/** The events of an endpoint, told once for all policies. */
export function foreseeable({ eventsOf, onsetsOf }: Endpoint, stays: readonly ObservedStay[]): Foreseeable {
  const events = stays.map(eventsOf);
  return {
    events,
    counting: stays.map((stay, place) => catchableIn(stay, events[place])),
    truths: stays.map((stay) =>
      onsetsOf(stay).flatMap(({ start, order }) => (order === 'arrival' ? [] : [start])),
    ),
    firstHypoxaemia: firstHypoxaemias(stays),
  };
}

/**
 * Judges a policy's alerts against an endpoint with the window of Hyland et al.: hold, hysteresis, refractory time and guards are
 * applied as live, and an alert that stays open is heard once.
 */
export function policyFigures(
  { name, rules }: NamedPolicy,
  raised: readonly (readonly RaisedAlert[])[],
  stays: readonly StaySpan[],
  against: Foreseeable,
): PolicyFigures {
  return {
    name,
    byRule: countByRule(rules, raised),
    ...alertFigures(judgedAlerts(raised, stays, against)),
  };
}

/** Figures that have an interval. */
export const WITH_INTERVALS = [
  'recall',
  'precision',
  'alertsPerPatientDay',
  'medianLeadHours',
  'warned',
  'warnedEver',
  'firstHypoxaemiaRecall',
  'openShare',
] as const satisfies readonly (keyof AlertFigures)[];

/** A policy with its rules, and with intervals by patient. */
export interface ConfiguredFigures extends PolicyFigures {
  readonly rules: readonly AlertRule[];
  readonly intervals: Readonly<Record<(typeof WITH_INTERVALS)[number], Interval95>>;
  /** Whatever the endpoint. */
  readonly byKind: readonly KindRecall[];
}

export function configuredFigures(
  { name, rules }: NamedPolicy,
  raised: readonly (readonly RaisedAlert[])[],
  stays: readonly ObservedStay[],
  against: Foreseeable,
  options: BootstrapOptions,
): ConfiguredFigures {
  const judged = judgedAlerts(raised, stays, against);
  const intervals = bootstrapStays(stays, options, (weights) => {
    const figures = alertFigures(judged, weights);
    return WITH_INTERVALS.map((name) => figures[name]);
  });
  return {
    name,
    byRule: countByRule(rules, raised),
    ...alertFigures(judged),
    rules,
    byKind: recallByKind(raised, stays),
    intervals: Object.fromEntries(
      WITH_INTERVALS.map((name, index) => [name, intervals[index]]),
    ) as ConfiguredFigures['intervals'],
  };
}

function countByRule(
  rules: readonly AlertRule[],
  raised: readonly (readonly RaisedAlert[])[],
): Record<string, number> {
  const byRule: Record<string, number> = Object.fromEntries(rules.map(({ id }) => [id, 0]));
  for (const { rule } of raised.flat()) byRule[rule]++;
  return byRule;
}

/** When a stay was. */
export type StaySpan = Pick<ObservedStay, 'admittedAt' | 'endAt'>;

/** Alerts of stays against an endpoint. Shapes [stays]. */
export interface JudgedAlerts {
  readonly alarms: CohortAlarms;
  /** Time with an alert open, in hours, and the longest without a break. */
  readonly openHours: Float64Array;
  readonly longestOpenHours: Float64Array;
  /** 1 where there was an event to be warned of, and where there was a warning. */
  readonly warnable: Uint8Array;
  readonly warned: Uint8Array;
  readonly warnedEver: Uint8Array;
  /** The same of a patient's first PaO2/FiO2 < 200 mmHg. */
  readonly hypoxaemic: Uint8Array;
  readonly hypoxaemiaCaught: Uint8Array;
}

/** Judges alerts stay by stay. */
export function judgedAlerts(
  raised: readonly (readonly RaisedAlert[])[],
  stays: readonly StaySpan[],
  { events, counting, truths, firstHypoxaemia }: Foreseeable,
): JudgedAlerts {
  const [openHours, longestOpenHours] = [new Float64Array(stays.length), new Float64Array(stays.length)];
  const [warnable, warned, warnedEver, hypoxaemic, hypoxaemiaCaught] = [0, 1, 2, 3, 4].map(
    () => new Uint8Array(stays.length),
  );
  const sounded = stays.map(({ admittedAt, endAt }, place) => {
    const alerts = raised[place];
    const onsets = onsetsIn({ events, counting }, place);
    const open = openTime(alerts);
    openHours[place] = open.total / HOUR_MS;
    longestOpenHours[place] = open.longest / HOUR_MS;
    const first = warnableOnset(onsets, admittedAt);
    if (first !== undefined) {
      warnable[place] = 1;
      warned[place] = leadOf(alerts, first) === undefined ? 0 : 1;
      warnedEver[place] = alerts.some(({ time }) => first - time >= HYLAND_RULES.leastMs) ? 1 : 0;
    }
    const gas = firstHypoxaemia[place];
    if (gas !== undefined) {
      hypoxaemic[place] = 1;
      hypoxaemiaCaught[place] = leadOf(alerts, gas) === undefined ? 0 : 1;
    }
    return {
      alarms: alerts.length,
      trueAlarms: countTrue(alerts, truths[place]),
      events: onsets.length,
      leads: onsets.flatMap((onset) => leadOf(alerts, onset) ?? []),
      hours: (endAt - admittedAt) / HOUR_MS,
    };
  });
  const times = { openHours, longestOpenHours };
  return {
    alarms: soundedAlarms(sounded),
    ...times,
    ...{ warnable, warned, warnedEver, hypoxaemic, hypoxaemiaCaught },
  };
}

/** When the events that count begin in a stay, by its place; ascending. */
export function onsetsIn(
  { events, counting }: Pick<Foreseeable, 'events' | 'counting'>,
  place: number,
): number[] {
  return counting[place].map((index) => events[place][index].start);
}

/** The first onset of which somebody could have been warned on the unit. */
export function warnableOnset(onsets: readonly number[], admittedAt: number): number | undefined {
  return onsets.find((onset) => onset >= admittedAt + WARNABLE_AFTER_MS);
}

/** Sums up over stays, or over a resample of them. */
export function alertFigures(judged: JudgedAlerts, weights?: Weights): AlertFigures {
  const { alarms, alarmsPerPatientDay, precision, events, recall, medianLeadHours } = alarmFigures(
    judged.alarms,
    weights,
  );
  const sum = (of: ArrayLike<number>) => {
    let total = 0;
    for (let place = 0; place < of.length; place++)
      total += weights === undefined ? of[place] : weights[place] * of[place];
    return total;
  };
  const warnable = sum(judged.warnable);
  const firstHypoxaemias = sum(judged.hypoxaemic);
  return {
    alerts: alarms,
    alertsPerPatientDay: alarmsPerPatientDay,
    precision,
    events,
    recall,
    medianLeadHours,
    warnable,
    warned: sum(judged.warned) / warnable,
    warnedEver: sum(judged.warnedEver) / warnable,
    firstHypoxaemias,
    firstHypoxaemiaRecall: sum(judged.hypoxaemiaCaught) / firstHypoxaemias,
    openShare: sum(judged.openHours) / sum(judged.alarms.hours),
    longestOpenHours: judged.longestOpenHours.reduce((most, hours) => Math.max(most, hours), 0),
  };
}

/** Time in which any of some alerts, ascending by their beginning, is open, and the longest without a break; in ms. */
export function openTime(alerts: readonly Pick<RaisedAlert, 'time' | 'end'>[]): {
  readonly total: number;
  readonly longest: number;
} {
  let [total, longest] = [0, 0];
  let [from, until] = [Number.NaN, Number.NEGATIVE_INFINITY];
  for (const { time, end } of alerts) {
    if (time > until) from = time;
    total += Math.max(0, end - Math.max(time, until));
    until = Math.max(until, end);
    longest = Math.max(longest, until - from);
  }
  return { total, longest };
}

/** Alerts with an onset within the window after them. */
export function countTrue(alerts: readonly RaisedAlert[], onsets: readonly number[]): number {
  let count = 0;
  for (const { time } of alerts) if (onsets.some((onset) => isWithin(onset - time))) count++;
  return count;
}

/** From the first alert within the window to the onset; undefined where there is none. */
export function leadOf(alerts: readonly RaisedAlert[], onset: number): number | undefined {
  const first = alerts.find(({ time }) => isWithin(onset - time));
  return first === undefined ? undefined : onset - first.time;
}
