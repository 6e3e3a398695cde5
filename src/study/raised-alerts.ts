import { closed, lapseTime, newRuleClock, opened, stepOf } from '../alerts/rule-step.js';
import type { ObservedStay, SignalId } from '../cohort/stays.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';

/** An alert of a scored stay: from when staff would first hear of it to when it ends, or the stay does. */
export interface RaisedAlert {
  readonly time: EpochMs;
  readonly end: EpochMs;
  readonly rule: string;
}

/** The alerts that rules raise in each stay, in order of time: those of the engine, since the same `stepOf` decides. */
export function raisedBy(rules: readonly AlertRule[], stays: readonly ObservedStay[]): RaisedAlert[][] {
  return stays.map((stay) => merged(rules.map((rule) => alertsOf(rule, stay))));
}

/** Alerts of several rules in order of time; of one moment in the order of the rules. */
export function merged(byRule: readonly (readonly RaisedAlert[])[]): RaisedAlert[] {
  return byRule.flat().sort((a, b) => a.time - b.time);
}

/** What of a scored stay decides about its alerts. */
export type ScoredStay = Pick<ObservedStay, 'times' | 'signals' | 'admittedAt' | 'endAt'>;

/** The alerts that one rule raises in a stay, in order of time. */
export function alertsOf(rule: AlertRule, { times, signals, admittedAt, endAt }: ScoredStay): RaisedAlert[] {
  const values = signals[signalOf(rule)];
  const { failing } = signals;
  const clock = newRuleClock(rule);
  const alerts: RaisedAlert[] = [];
  const end = (at: EpochMs) => {
    alerts.push({ time: clock.raisedAt, end: at, rule: rule.id });
    closed(clock, at);
  };
  for (let moment = 0; moment < times.length; moment++) {
    const time = times[moment];
    const lapses = lapseTime(clock);
    if (lapses <= time) end(lapses);
    const step = stepOf(rule, clock, time, values[moment], admittedAt, failing[moment]);
    if (step === 'raise') opened(clock, time);
    else if (step !== null) end(time);
  }
  if (!Number.isNaN(clock.raisedAt)) end(Math.min(endAt, lapseTime(clock)));
  return alerts;
}

/** What of a stay a rule watches. */
export function signalOf({ signal }: Pick<AlertRule, 'signal'>): SignalId {
  return signal === 'mortality' ? 'model' : signal;
}
