import { CIRCULATORY, HYPOTENSION, RESPIRATORY } from '../clinical/failure-now.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';

/** What decides when a rule raises and ends, of one stay. */
export interface RuleClock {
  /** So long after it was raised an alert ends; infinite: it does not. */
  readonly endAfterMs: number;
  /** After an alert none for so long. */
  readonly refractoryMs: number;
  /** Since when the signal has been at or above the threshold; NaN: it is not. */
  onset: EpochMs;
  /** When the open alert was raised; NaN: none is open. */
  raisedAt: EpochMs;
  /** No new alert before. */
  refractoryUntil: EpochMs;
  /** When what the rule foretells was last there; minus infinity: never. */
  thereAt: EpochMs;
}

export function newRuleClock({ endAfterMs, refractoryMs }: Partial<AlertRule>): RuleClock {
  return {
    endAfterMs: endAfterMs ?? Number.POSITIVE_INFINITY,
    refractoryMs: refractoryMs ?? 0,
    onset: Number.NaN,
    raisedAt: Number.NaN,
    refractoryUntil: Number.NEGATIVE_INFINITY,
    thereAt: Number.NEGATIVE_INFINITY,
  };
}

/** What a moment does to a rule: `resolve` by its signal, `overtake` because what it foretells is there. */
export type RuleStep = 'raise' | 'resolve' | 'overtake' | null;

/** Low pressure, whatever the lactate, or respiratory failure. */
const EITHER = HYPOTENSION + RESPIRATORY;
/** Failures that a signal foretells; of the others, either. Whether sepsis is there cannot be told from what is measured. */
const FORETOLD: Readonly<Partial<Record<AlertRule['signal'], number>>> = {
  circulatory: CIRCULATORY,
  hypotension: HYPOTENSION,
  respiratory: RESPIRATORY,
  sepsis: 0,
};

/** Whether what the rule foretells is there; `failing` as of `FailureNow`. */
function isThere({ signal }: AlertRule, failing: number): boolean {
  return (failing & (FORETOLD[signal] ?? EITHER)) !== 0;
}

/**
 * What a signal's value at `time` does to a rule; NaN, a value that is not known, does nothing. Only the onset, and when what is
 * foretold was there, are written down; the caller calls `opened` or `closed`. What `lapseTime` ends by then comes before.
 */
export function stepOf(
  rule: AlertRule,
  clock: RuleClock,
  time: EpochMs,
  value: number,
  admittedAt: EpochMs,
  failing: number,
): RuleStep {
  const isOvertaken = isThere(rule, failing);
  // Also of a moment without a value: the patient was in it all the same.
  if (isOvertaken) clock.thereAt = Math.max(clock.thereAt, time);
  if (Number.isNaN(value)) return null;
  const isOpen = !Number.isNaN(clock.raisedAt);
  if (value >= rule.raiseAt) {
    if (Number.isNaN(clock.onset)) clock.onset = time;
  } else if (value < rule.resolveBelow || !isOpen) {
    clock.onset = Number.NaN;
  }
  if (isOpen) {
    if (value < rule.resolveBelow) return 'resolve';
    return isOvertaken && rule.quietDuringEvent === true ? 'overtake' : null;
  }
  const isHeld = time - clock.onset >= rule.holdMs;
  if (!isHeld || time < clock.refractoryUntil || time < admittedAt + (rule.startAfterMs ?? 0)) return null;
  if (isOvertaken && rule.quietDuringEvent === true) return null;
  return time < clock.thereAt + (rule.quietAfterEventMs ?? 0) ? null : 'raise';
}

/** When time alone ends the open alert; infinite where it does not. */
export function lapseTime({ endAfterMs, raisedAt }: RuleClock): EpochMs {
  return Number.isNaN(raisedAt) ? Number.POSITIVE_INFINITY : raisedAt + endAfterMs;
}

/** Takes note that the rule's alert was raised. */
export function opened(clock: RuleClock, time: EpochMs): void {
  clock.raisedAt = time;
}

/** Takes note that the rule's alert ended: the rule rests. */
export function closed(clock: RuleClock, time: EpochMs): void {
  clock.onset = Number.NaN;
  clock.raisedAt = Number.NaN;
  clock.refractoryUntil = time + clock.refractoryMs;
}
