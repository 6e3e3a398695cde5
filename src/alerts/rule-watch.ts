import type { Contributions } from '../contract/contributions.js';
import type { AlertMessage } from '../contract/messages.js';
import { type SignalSource, signalLabel, signalOf } from '../contract/signals.js';
import { MINUTE_MS } from '../durations.js';
import { hashId } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';
import { evidenceOf } from './evidence.js';
import { advance, lapse, notBefore, type RuleState } from './rule-state.js';
import { closed, lapseTime, opened, stepOf } from './rule-step.js';
import type { MeasuredMoment } from './state-watch.js';

const TREND_MS = 60 * MINUTE_MS;

/** What the policy needs of a score. */
export interface ScoredMoment extends SignalSource, MeasuredMoment {
  /** When the stay began. */
  readonly admittedAt: EpochMs;
  /** What is there of the failures that signals foretell, where it is known already: as `FailureNow.see` tells it. */
  readonly failing?: number;
  /** What each modality adds to the risk of death, where that is known. */
  readonly contributions?: Contributions;
}

/** Risk of death by time, at least a minute apart, an hour back. */
export type Trail = { time: EpochMs; mortality: number }[];

/** What a rule sees at a score. */
interface Seen {
  readonly moment: ScoredMoment;
  /** Of the rule's signal; NaN: not known. */
  readonly value: number;
  /** Of the risk of death. */
  readonly trend: number;
  /** What is there of the failures that signals foretell. */
  readonly failing: number;
  readonly modelVersion: string;
}

/** What a score changes of a rule's alert: its next records. */
export function stepRule(rule: AlertRule, state: RuleState, seen: Seen): AlertMessage[] {
  const { moment, value, trend, failing } = seen;
  const { eventTime, admittedAt, mortality, news2 } = moment;
  // Where not all was in up to then, time alone has changed nothing yet.
  const lapsed = lapseTime(state) <= eventTime ? [lapse(state)] : [];
  const step = stepOf(rule, state, eventTime, value, admittedAt, failing);
  if (step === null) return lapsed;
  if (step === 'raise') {
    state.open = raise(rule, state.onset, seen);
    state.since = eventTime;
    opened(state, eventTime);
    return [...lapsed, state.open];
  }
  closed(state, eventTime);
  const reason = step === 'overtake' ? 'what it foretold has come about' : null;
  // An acknowledgement may be ahead of the scores.
  const time = notBefore(state.open!, eventTime);
  return [advance(state, 'RESOLVED', time, { value, mortality, news2, trend, actor: null, reason })];
}

function raise(rule: AlertRule, onset: EpochMs, { moment, value, trend, modelVersion }: Seen): AlertMessage {
  const { patientId, stayId, wardId, bedId, eventTime, mortality, news2, contributions } = moment;
  const label = signalLabel(rule.signal, moment);
  const { unit } = signalOf(rule.signal);
  return {
    alertId: hashId(patientId, rule.id, onset, modelVersion),
    class: 'clinical',
    sequence: 0,
    patientId,
    stayId,
    wardId,
    bedId,
    rule: rule.id,
    priority: rule.priority,
    state: 'RAISED',
    onsetTime: onset,
    eventTime,
    signal: rule.signal,
    label,
    unit,
    value,
    threshold: rule.raiseAt,
    mortality,
    trend,
    news2,
    modelVersion,
    contributions: contributions ?? null,
    evidence: evidenceOf(moment),
    actor: null,
    reason: null,
    detail: null,
    raisedWardId: wardId,
    raisedBedId: bedId,
    leftWardId: null,
  };
}

/** The risk of death about an hour before a score, which is added to the trail. */
export function mortalityAnHourAgo(trail: Trail, { eventTime, mortality }: ScoredMoment): number {
  while (trail.length > 1 && trail[1].time <= eventTime - TREND_MS) trail.shift();
  const before = trail.length > 0 ? trail[0].mortality : mortality;
  if (trail.length === 0 || eventTime - trail[trail.length - 1].time >= MINUTE_MS)
    trail.push({ time: eventTime, mortality });
  return before;
}
