import type { AlertMessage, AlertState } from '../contract/messages.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';

/** Where a patient is, since some moment. */
export interface PatientPlace {
  readonly patientId: string;
  readonly stayId: string;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly time: EpochMs;
}

/** Where one rule stands for one stay. */
export interface RuleState {
  /** Since when the signal has been at or above the threshold; NaN: it is not. */
  onset: EpochMs;
  /** The newest transition of an alert that is not resolved. */
  open: AlertMessage | null;
  /** When `open` came into its present state. */
  since: EpochMs;
  snoozedUntil: EpochMs;
  refractoryUntil: EpochMs;
}

export function newRuleState(): RuleState {
  return {
    onset: Number.NaN,
    open: null,
    since: Number.NaN,
    snoozedUntil: Number.NEGATIVE_INFINITY,
    refractoryUntil: Number.NEGATIVE_INFINITY,
  };
}

/** When time alone moves a rule's alert on; infinite where it does not. */
export function dueTime({ escalateAfterMs }: AlertRule, { open, since, snoozedUntil }: RuleState): EpochMs {
  if (open?.state === 'RAISED') return since + escalateAfterMs;
  if (open?.state === 'SNOOZED') return snoozedUntil;
  return Number.POSITIVE_INFINITY;
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
