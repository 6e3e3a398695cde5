import type { Contributions } from '../contract/contributions.js';
import type { AlertMessage } from '../contract/messages.js';
import { type SignalSource, signalOf } from '../contract/signals.js';
import { hashId } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';
import { evidenceOf } from './evidence.js';
import { advance, notBefore, type RuleState } from './rule-state.js';
import type { MeasuredMoment } from './state-watch.js';

const MINUTE_MS = 60_000;
const TREND_MS = 60 * MINUTE_MS;

/** What the policy needs of a score. */
export interface ScoredMoment extends SignalSource, MeasuredMoment {
  /** What each modality adds to the risk, where that is known. */
  readonly contributions?: Contributions;
}

/** Risk by time, at least a minute apart, an hour back. */
export type Trail = { time: EpochMs; risk: number }[];

/** What a rule sees at a score. */
interface Seen {
  readonly moment: ScoredMoment;
  /** Of the rule's signal. */
  readonly value: number;
  /** Of the risk. */
  readonly trend: number;
  readonly modelVersion: string;
}

/** What a score changes of a rule's alert; null where that is nothing. */
export function stepRule(rule: AlertRule, state: RuleState, seen: Seen): AlertMessage | null {
  const { moment, value, trend } = seen;
  const { eventTime } = moment;
  if (value >= rule.raiseAt) {
    if (Number.isNaN(state.onset)) state.onset = eventTime;
  } else if (value < rule.resolveBelow || state.open === null) {
    state.onset = Number.NaN;
  }
  const facts = { value, risk: moment.risk, news2: moment.news2, trend, actor: null, reason: null };
  if (state.open === null) {
    const isHeld = eventTime - state.onset >= rule.holdMs;
    if (!isHeld || eventTime < state.refractoryUntil) return null;
    state.open = raise(rule, state.onset, seen);
    state.since = eventTime;
    return state.open;
  }
  if (value < rule.resolveBelow) {
    state.refractoryUntil = eventTime + rule.refractoryMs;
    // An acknowledgement may be ahead of the scores.
    return advance(state, 'RESOLVED', notBefore(state.open, eventTime), facts);
  }
  return null;
}

function raise(rule: AlertRule, onset: EpochMs, { moment, value, trend, modelVersion }: Seen): AlertMessage {
  const { patientId, stayId, wardId, bedId, eventTime, risk, news2, contributions } = moment;
  const { label, unit } = signalOf(rule.signal);
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
    risk,
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

/** The risk about an hour before a score, which is added to the trail. */
export function riskAnHourAgo(trail: Trail, { eventTime, risk }: ScoredMoment): number {
  while (trail.length > 1 && trail[1].time <= eventTime - TREND_MS) trail.shift();
  const before = trail.length > 0 ? trail[0].risk : risk;
  if (trail.length === 0 || eventTime - trail[trail.length - 1].time >= MINUTE_MS)
    trail.push({ time: eventTime, risk });
  return before;
}
