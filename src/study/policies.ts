import type { Interval } from '../clinical/intervals.js';
import { transitionsOf } from '../cohort/policy-run.js';
import type { ObservedStay } from '../cohort/stays.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';
import { alarmFigures, type CohortAlarms, catchable, HYLAND_RULES, soundedAlarms } from './alarms.js';
import { type BootstrapOptions, bootstrap, type Interval95 } from './bootstrap.js';
import { BROUGHT_IN_MS, type Endpoint } from './events.js';

const HOUR_MS = 3_600_000;

/** A set of alert rules. */
export interface NamedPolicy {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** An alert as staff would first hear of it. */
export interface RaisedAlert {
  readonly time: EpochMs;
  readonly rule: string;
}

/** The alerts a policy raises in each stay, in order of time. */
export function raisedBy(
  rules: readonly AlertRule[],
  modelVersion: string,
  stays: readonly ObservedStay[],
): RaisedAlert[][] {
  return stays.map((stay) => {
    const raised: RaisedAlert[] = [];
    for (const { sequence, rule, eventTime } of transitionsOf([stay], rules, modelVersion)) {
      if (sequence === 0) raised.push({ time: eventTime, rule });
    }
    return raised;
  });
}

/** What one set of alert rules would have done on the ward. */
export interface PolicyFigures {
  readonly name: string;
  readonly alerts: number;
  readonly alertsPerPatientDay: number;
  readonly byRule: Readonly<Record<string, number>>;
  /** Alerts raised within the window before an onset, of all. */
  readonly precision: number;
  readonly events: number;
  /** Events with an alert raised within the window before them, of all that count. */
  readonly recall: number;
  readonly medianLeadHours: number;
}

/** What should be foretold in each stay. Shapes [stays]. */
export interface Foreseeable {
  readonly events: readonly (readonly Interval[])[];
  /** Places of the events that count. */
  readonly counting: readonly (readonly number[])[];
}

/** The events of an endpoint, told once for all policies. */
export function foreseeable({ eventsOf }: Endpoint, stays: readonly ObservedStay[]): Foreseeable {
  const events = stays.map(eventsOf);
  const counting = stays.map(({ times, admittedAt: start, endAt: end }, place) => {
    const stay = { times, signal: times, from: 0, to: times.length, events: events[place], start, end };
    return catchable(stay, HYLAND_RULES, BROUGHT_IN_MS);
  });
  return { events, counting };
}

/**
 * Judges a policy's alerts against an endpoint with the window of Hyland et al.: hold, hysteresis and refractory time are applied as
 * live, and an alert that stays open is heard once.
 */
export function policyFigures(
  { name, rules }: NamedPolicy,
  raised: readonly (readonly RaisedAlert[])[],
  stays: readonly ObservedStay[],
  against: Foreseeable,
): PolicyFigures {
  const byRule: Record<string, number> = Object.fromEntries(rules.map(({ id }) => [id, 0]));
  for (const { rule } of raised.flat()) byRule[rule]++;
  const { alarms, alarmsPerPatientDay, precision, events, recall, medianLeadHours } = alarmFigures(
    alertsAgainst(against, stays, raised),
  );
  return {
    name,
    alerts: alarms,
    alertsPerPatientDay: alarmsPerPatientDay,
    byRule,
    precision,
    events,
    recall,
    medianLeadHours,
  };
}

/** The configured policy, with intervals by patient. */
export interface ConfiguredFigures extends PolicyFigures {
  readonly rules: readonly AlertRule[];
  readonly intervals: Readonly<
    Record<'recall' | 'precision' | 'alertsPerPatientDay' | 'medianLeadHours', Interval95>
  >;
}

export function configuredFigures(
  policy: NamedPolicy,
  raised: readonly (readonly RaisedAlert[])[],
  stays: readonly ObservedStay[],
  against: Foreseeable,
  options: BootstrapOptions,
): ConfiguredFigures {
  const alerts = alertsAgainst(against, stays, raised);
  const [recall, precision, alertsPerPatientDay, medianLeadHours] = bootstrap(
    stays.length,
    options,
    (weights) => {
      const figures = alarmFigures(alerts, weights);
      return [figures.recall, figures.precision, figures.alarmsPerPatientDay, figures.medianLeadHours];
    },
  );
  return {
    ...policyFigures(policy, raised, stays, against),
    rules: policy.rules,
    intervals: { recall, precision, alertsPerPatientDay, medianLeadHours },
  };
}

/** Alerts as alarms against an endpoint. */
function alertsAgainst(
  against: Foreseeable,
  stays: readonly ObservedStay[],
  raised: readonly (readonly RaisedAlert[])[],
): CohortAlarms {
  return soundedAlarms(
    stays.map((stay, index) => {
      const [events, candidates] = [against.events[index], against.counting[index]];
      const times = raised[index].map(({ time }) => time);
      const leads: number[] = [];
      for (const candidate of candidates) {
        const onset = events[candidate].start;
        const first = times.find((time) => isWithin(onset - time));
        if (first !== undefined) leads.push(onset - first);
      }
      return {
        alarms: times.length,
        trueAlarms: times.filter((time) => events.some(({ start }) => isWithin(start - time))).length,
        events: candidates.length,
        leads,
        hours: (stay.endAt - stay.admittedAt) / HOUR_MS,
      };
    }),
  );
}

function isWithin(lead: number): boolean {
  return lead >= HYLAND_RULES.leastMs && lead <= HYLAND_RULES.horizonMs;
}
