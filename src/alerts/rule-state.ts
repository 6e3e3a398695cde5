import { type AlertMessage, type AlertState, withPresentFields } from '../contract/messages.js';
import { withOldName } from '../contract/old-names.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';
import { closed, lapseTime, newRuleClock, type RuleClock } from './rule-step.js';

/** Where a patient is, since some moment. */
export interface PatientPlace {
  readonly patientId: string;
  readonly stayId: string;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly time: EpochMs;
}

/** Where one rule, or one criterion of a state, stands for one stay. */
export interface RuleState extends RuleClock {
  /** An alert that nobody acknowledged escalates after so long. */
  readonly escalateAfterMs: number;
  /** The newest transition of an alert that is not resolved. */
  open: AlertMessage | null;
  /** When `open` came into its present state. */
  since: EpochMs;
  snoozedUntil: EpochMs;
}

export function newRuleState(
  times: Pick<RuleState, 'escalateAfterMs'> & Pick<Partial<AlertRule>, 'endAfterMs' | 'refractoryMs'>,
): RuleState {
  return {
    ...newRuleClock(times),
    escalateAfterMs: times.escalateAfterMs,
    open: null,
    since: Number.NaN,
    snoozedUntil: Number.NEGATIVE_INFINITY,
  };
}

/** When time alone moves a rule's alert on; infinite where it does not. */
export function dueTime(state: RuleState): EpochMs {
  const { escalateAfterMs, open, since, snoozedUntil } = state;
  const lapses = lapseTime(state);
  if (open?.state === 'RAISED') return Math.min(lapses, since + escalateAfterMs);
  if (open?.state === 'SNOOZED') return Math.min(lapses, snoozedUntil);
  return lapses;
}

/** Moves an alert on whose time has come, at `due`. */
export function passTime(state: RuleState, due: EpochMs): AlertMessage {
  if (due === lapseTime(state)) return lapse(state);
  const isSnoozed = state.open?.state === 'SNOOZED';
  const reason = isSnoozed ? 'the snooze is over' : 'not acknowledged';
  return advance(state, isSnoozed ? 'RAISED' : 'ESCALATED', due, { actor: null, reason });
}

/** Ends an alert whose time is over. */
export function lapse(state: RuleState): AlertMessage {
  const due = notBefore(state.open!, lapseTime(state));
  const record = advance(state, 'RESOLVED', due, { actor: null, reason: 'its time is over' });
  closed(state, due);
  return record;
}

/** The alert's next record; a resolved alert is closed. */
export function advance(
  state: RuleState,
  next: AlertState,
  eventTime: EpochMs,
  facts: Partial<AlertMessage>,
): AlertMessage {
  const before = state.open!;
  const after = recordAfter(before, { ...facts, state: next, eventTime });
  if (next !== before.state) state.since = eventTime;
  state.open = next === 'RESOLVED' ? null : after;
  if (next === 'RESOLVED') state.onset = Number.NaN;
  return after;
}

/**
 * The record of an alert whose patient was moved; null where the alert names the place already. Its state stays, and so does what
 * is due.
 */
export function followTo({ wardId, bedId, time }: PatientPlace, state: RuleState): AlertMessage | null {
  const { open } = state;
  if (open === null || (open.wardId === wardId && open.bedId === bedId)) return null;
  const reason = open.wardId === null ? 'the ward has become known' : 'the patient was moved';
  const eventTime = notBefore(open, time);
  state.open = recordAfter(open, { wardId, bedId, eventTime, actor: null, reason });
  return state.open;
}

/** The next record of an alert. Where it names another ward, it tells which one was left. */
export function recordAfter(before: AlertMessage, facts: Partial<AlertMessage>): AlertMessage {
  const { wardId = before.wardId } = facts;
  const leftWardId = wardId === before.wardId ? null : (before.wardId ?? '');
  return { ...before, ...facts, leftWardId, sequence: before.sequence + 1 };
}

/** Records of an alert never go back in time, also where word comes late. */
export function notBefore({ eventTime }: AlertMessage, time: EpochMs): EpochMs {
  return Math.max(eventTime, time);
}

/** What is kept of a rule's state, as JSON: what is not finite is null. */
export interface StoredRule {
  readonly id: string;
  readonly onset: EpochMs | null;
  readonly open: AlertMessage | null;
  readonly since: EpochMs | null;
  readonly snoozedUntil: EpochMs | null;
  readonly refractoryUntil: EpochMs | null;
  /** The last two are absent in older ones. */
  readonly raisedAt?: EpochMs | null;
  readonly thereAt?: EpochMs | null;
}

export function storedRule(id: string, state: RuleState): StoredRule {
  const { onset, open, since, snoozedUntil, refractoryUntil } = state;
  const [onsetAt, sinceAt, snoozeEnd, restEnd] = [onset, since, snoozedUntil, refractoryUntil].map(finite);
  const times = { onset: onsetAt, since: sinceAt, snoozedUntil: snoozeEnd, refractoryUntil: restEnd };
  const [raisedAt, thereAt] = [state.raisedAt, state.thereAt].map(finite);
  return { id, open: open && withOldName(open), ...times, raisedAt, thereAt };
}

/** Continues from what was kept. */
export function restoreRule(state: RuleState, stored: StoredRule): void {
  const { onset, open, since, snoozedUntil, refractoryUntil, raisedAt, thereAt } = stored;
  state.onset = onset ?? Number.NaN;
  state.raisedAt = open === null ? Number.NaN : (raisedAt ?? open.onsetTime);
  state.open = open === null ? null : withPresentFields(open);
  state.since = since ?? open?.eventTime ?? Number.NaN;
  state.snoozedUntil = snoozedUntil ?? Number.NEGATIVE_INFINITY;
  state.refractoryUntil = refractoryUntil ?? Number.NEGATIVE_INFINITY;
  state.thereAt = thereAt ?? Number.NEGATIVE_INFINITY;
}

function finite(time: EpochMs): EpochMs | null {
  return Number.isFinite(time) ? time : null;
}
