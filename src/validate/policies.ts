import { AlertPolicy, type ScoredMoment } from '../alerts/policy.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { AlertRule } from '../config.js';
import type { AlertMessage } from '../events/messages.js';
import { catchable, HYLAND_RULES } from './alarms.js';
import { percentile } from './bootstrap.js';
import { BROUGHT_IN_MS, type Endpoint, monitoredBy } from './events.js';
import type { ObservedStay } from './stays.js';

const HOUR_MS = 3_600_000;

/** Scored stays keep no values: alerts from them have no evidence. */
const UNKNOWN = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

/**
 * The alert transitions a policy makes of stays that are scored already: those of the engine with the same rules, without
 * evidence and without acknowledgements, and of stays that were not over without what time alone changed after the last score. Nothing
 * is scored again, so many policies can be tried on one replay.
 */
export function* transitionsOf(
  stays: readonly ObservedStay[],
  rules: readonly AlertRule[],
  modelVersion: string,
): Generator<AlertMessage> {
  for (const stay of stays) {
    const policy = new AlertPolicy(rules, modelVersion);
    for (let moment = 0; moment < stay.times.length; moment++) yield* policy.score(momentOf(stay, moment));
    if (stay.isOver) yield* policy.discharge(stay.patientId, stay.endAt);
  }
}

function momentOf({ patientId, stayId, wardId, times, signals }: ObservedStay, moment: number): ScoredMoment {
  const at = (values: Float64Array) => (Number.isNaN(values[moment]) ? null : values[moment]);
  return {
    patientId,
    stayId,
    wardId,
    bedId: null,
    eventTime: times[moment],
    risk: signals.model[moment],
    circulatory: at(signals.circulatory),
    respiratory: at(signals.respiratory),
    deterioration: at(signals.deterioration),
    news2: at(signals.news2),
    values: UNKNOWN,
    ages: UNKNOWN,
  };
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

/**
 * Judges a policy's alerts against an endpoint with the window of Hyland et al.: hold, hysteresis and refractory time are applied as
 * live, and an alert that stays open is heard once.
 */
export function policyFigures(
  name: string,
  rules: readonly AlertRule[],
  modelVersion: string,
  stays: readonly ObservedStay[],
  endpoint: Endpoint,
): PolicyFigures {
  const byRule: Record<string, number> = Object.fromEntries(rules.map(({ id }) => [id, 0]));
  const leads: number[] = [];
  let [alerts, isTrue, events, hours] = [0, 0, 0, 0];
  for (const stay of stays) {
    hours += (stay.endAt - stay.admittedAt) / HOUR_MS;
    const all = endpoint.eventsOf(stay);
    const [monitored] = monitoredBy({ id: 'model', sign: 1 }, [stay], [all]);
    const candidates = catchable(monitored, HYLAND_RULES, BROUGHT_IN_MS);
    events += candidates.length;
    const raised: number[] = [];
    for (const { sequence, rule, eventTime } of transitionsOf([stay], rules, modelVersion)) {
      if (sequence !== 0) continue;
      byRule[rule]++;
      alerts++;
      raised.push(eventTime);
      if (all.some(({ start }) => isWithin(start - eventTime))) isTrue++;
    }
    for (const candidate of candidates) {
      const onset = all[candidate].start;
      const first = raised.find((time) => isWithin(onset - time));
      if (first !== undefined) leads.push(onset - first);
    }
  }
  return {
    name,
    alerts,
    alertsPerPatientDay: (24 * alerts) / hours,
    byRule,
    precision: isTrue / alerts,
    events,
    recall: leads.length / events,
    medianLeadHours:
      percentile(
        leads.sort((a, b) => a - b),
        0.5,
      ) / HOUR_MS,
  };
}

function isWithin(lead: number): boolean {
  return lead >= HYLAND_RULES.leastMs && lead <= HYLAND_RULES.horizonMs;
}
