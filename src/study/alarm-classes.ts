import { ALARM_KINDS, type AlarmKind, type ObservedStay } from '../cohort/stays.js';
import { signalOf } from '../contract/signals.js';
import { HOUR_MS } from '../durations.js';
import type { AlertRule } from '../settings/config.js';
import { openTime } from './policies.js';
import type { RaisedAlert } from './raised-alerts.js';

/** What an alarm speaks of: a risk ahead, points or a count that no model has a part in, a state of the patient by its grade, or what watches them. */
export type AlarmClass = 'risk' | 'score' | AlarmKind;

/** What one class of alarms costs, whatever comes of it. */
export interface ClassBurden {
  readonly id: AlarmClass;
  readonly label: string;
  readonly alarms: number;
  readonly alarmsPerPatientDay: number;
  /** The share of bed-time in which one of them is open. */
  readonly openShare: number;
  /** The longest unbroken time with one of them open. */
  readonly longestOpenHours: number;
  /** Stays with any. */
  readonly stays: number;
}

const LABELS: Readonly<Record<AlarmClass, string>> = {
  risk: 'risk ahead',
  score: 'bedside score',
  critical: 'critical value, now',
  failing: 'failing organ, now',
  technical: 'technical',
};

/** Each class of alarms by itself, and all but technical ones together. */
export interface ClassBurdens {
  readonly classes: readonly ClassBurden[];
  readonly clinical: Omit<ClassBurden, 'id'>;
}

/** The burden of each class: alerts that rules raised in each stay, and alarms that the engine gave without a rule. */
export function classBurdens(
  stays: readonly ObservedStay[],
  rules: readonly AlertRule[],
  raised: readonly (readonly RaisedAlert[])[],
): ClassBurdens {
  const isBedside = ({ signal }: AlertRule) => signalOf(signal).output === null;
  const scores = new Set(rules.filter(isBedside).map(({ id }) => id));
  const byRule = (isScore: boolean) =>
    raised.map((alerts) => alerts.filter(({ rule }) => scores.has(rule) === isScore));
  const ofState = (kind: AlarmKind) =>
    stays.map(({ alarms }) => alarms.filter((alarm) => alarm.kind === kind));
  const clinical = stays.map(({ alarms }, place) =>
    [...raised[place], ...alarms.filter(({ kind }) => kind !== 'technical')].sort((a, b) => a.time - b.time),
  );
  const one = (id: AlarmClass, of: readonly (readonly Span[])[]) => ({
    id,
    ...burdenOf(LABELS[id], stays, of),
  });
  return {
    classes: [
      one('risk', byRule(false)),
      one('score', byRule(true)),
      ...ALARM_KINDS.map((kind) => one(kind, ofState(kind))),
    ],
    clinical: burdenOf('any but technical', stays, clinical),
  };
}

type Span = Pick<RaisedAlert, 'time' | 'end'>;

function burdenOf(
  label: string,
  stays: readonly ObservedStay[],
  of: readonly (readonly Span[])[],
): Omit<ClassBurden, 'id'> {
  const ms = stays.reduce((sum, { admittedAt, endAt }) => sum + endAt - admittedAt, 0);
  let [alarms, open, longest, any] = [0, 0, 0, 0];
  for (const spans of of) {
    const time = openTime(spans);
    alarms += spans.length;
    open += time.total;
    longest = Math.max(longest, time.longest);
    if (spans.length > 0) any++;
  }
  return {
    label,
    alarms,
    alarmsPerPatientDay: alarms / (ms / (24 * HOUR_MS)),
    openShare: open / ms,
    longestOpenHours: longest / HOUR_MS,
    stays: any,
  };
}
