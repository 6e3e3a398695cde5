import { WASH_OUT_MS } from '../../clinical/onsets.js';
import { HOUR_MS, MINUTE_MS } from '../../durations.js';
import type { AlertRule } from '../../settings/config.js';
import { HYLAND_RULES } from '../alarms.js';

/** A family of policies: which signals raise, with the guards they share. */
export interface Form {
  readonly id: string;
  readonly label: string;
  readonly signals: readonly AlertRule['signal'][];
  /** Without guards it shows what they are worth. */
  readonly hasGuards: boolean;
  /** Searched only where the model does not give this. */
  readonly without?: AlertRule['signal'];
}

/** Without a rule on sepsis; the simpler ones first. */
const WITHOUT_SEPSIS: readonly Form[] = [
  { id: 'either', label: 'one rule on either', signals: ['deterioration'], hasGuards: true },
  {
    id: 'by-kind',
    label: 'a rule for each of hypotension and respiratory failure',
    signals: ['hypotension', 'respiratory'],
    hasGuards: true,
  },
  {
    id: 'either-without-guards',
    label: 'one rule on either, without guards',
    signals: ['deterioration'],
    hasGuards: false,
  },
  {
    id: 'by-organ',
    label: 'a rule for each of circulatory and respiratory failure',
    signals: ['circulatory', 'respiratory'],
    hasGuards: true,
    without: 'hypotension',
  },
  { id: 'death', label: 'one rule on the risk of death', signals: ['mortality'], hasGuards: true },
  {
    id: 'by-kind-and-death',
    label: 'a rule for each of hypotension, respiratory failure and death',
    signals: ['hypotension', 'respiratory', 'mortality'],
    hasGuards: true,
  },
];

/** All that is searched, each also with a rule on sepsis. Of a signal that the model does not give there is nothing to search. */
export const FORMS: readonly Form[] = [
  ...WITHOUT_SEPSIS,
  ...WITHOUT_SEPSIS.map((form): Form => {
    const { id, label, signals } = form;
    return {
      ...form,
      id: `${id}-sepsis`,
      label: `${label}, and one on sepsis`,
      signals: [...signals, 'sepsis'],
    };
  }),
];

/** Thresholds that are tried: every hundredth where alerts are frequent, then every second. */
export const THRESHOLDS: readonly number[] = [
  ...Array.from({ length: 36 }, (_, index) => (index + 5) / 100),
  ...Array.from({ length: 25 }, (_, index) => (2 * index + 42) / 100),
];

/** What is tried of all but thresholds, by name. Times in ms; `resolveAt` is a share of the threshold. */
export const CHOICES = {
  resolveAt: [0.5, 0.65, 0.8, 0.95],
  holdMs: [0, 10 * MINUTE_MS, 30 * MINUTE_MS],
  refractoryMs: [0.5, 1, 2, 4, 6, 8, 12].map((hours) => hours * HOUR_MS),
  /** Two hours at least: what begins within the first was brought in, and what is foretold then is mostly there already. */
  startAfterMs: [2, 3, 4].map((hours) => hours * HOUR_MS),
  /** An alert foretells what comes within the horizon: it is due, or was wrong, by then. */
  endAfterMs: [HYLAND_RULES.horizonMs / 2, HYLAND_RULES.horizonMs],
  quietDuringEvent: [false, true],
  /** Spells closer than the wash-out are one event. Live an end is known later, or the event is not seen to its end: hence one more. */
  quietAfterEventMs: [0, WASH_OUT_MS / 2, WASH_OUT_MS, WASH_OUT_MS + 2 * HOUR_MS],
} as const;
export type ChoiceName = keyof typeof CHOICES;

/** Choices that are tried of a form. */
export function choicesOf({ hasGuards }: Form): readonly ChoiceName[] {
  const all = Object.keys(CHOICES) as ChoiceName[];
  return hasGuards ? all : ['resolveAt', 'holdMs', 'refractoryMs'];
}

/** One policy of a form: places in `THRESHOLDS`, by signal, and in `CHOICES`. */
export interface Candidate {
  readonly thresholds: readonly number[];
  readonly choices: Readonly<Record<ChoiceName, number>>;
}

/** How urgent a rule on a signal is, and what it is called. */
const RULES: Readonly<
  Partial<Record<AlertRule['signal'], Pick<AlertRule, 'id' | 'priority' | 'escalateAfterMs'>>>
> = {
  deterioration: { id: 'deterioration', priority: 'MEDIUM', escalateAfterMs: 30 * MINUTE_MS },
  circulatory: { id: 'circulatory-failure', priority: 'HIGH', escalateAfterMs: 15 * MINUTE_MS },
  hypotension: { id: 'hypotension-ahead', priority: 'HIGH', escalateAfterMs: 15 * MINUTE_MS },
  respiratory: { id: 'respiratory-failure', priority: 'MEDIUM', escalateAfterMs: 30 * MINUTE_MS },
  sepsis: { id: 'sepsis-ahead', priority: 'MEDIUM', escalateAfterMs: 30 * MINUTE_MS },
  mortality: { id: 'mortality-high', priority: 'MEDIUM', escalateAfterMs: 60 * MINUTE_MS },
};

/** The rules of a candidate, as the settings take them. */
export function rulesOf(form: Form, { thresholds, choices }: Candidate): AlertRule[] {
  return form.signals.map((signal, index) => {
    const raiseAt = THRESHOLDS[thresholds[index]];
    const { id, priority, escalateAfterMs } = RULES[signal]!;
    const resolveBelow = Math.round(1000 * raiseAt * CHOICES.resolveAt[choices.resolveAt]) / 1000;
    const rule = {
      id,
      signal,
      priority,
      raiseAt,
      resolveBelow,
      holdMs: CHOICES.holdMs[choices.holdMs],
      refractoryMs: CHOICES.refractoryMs[choices.refractoryMs],
      escalateAfterMs,
    };
    if (!form.hasGuards) return rule;
    const quietAfterEventMs = CHOICES.quietAfterEventMs[choices.quietAfterEventMs];
    return {
      ...rule,
      startAfterMs: CHOICES.startAfterMs[choices.startAfterMs],
      endAfterMs: CHOICES.endAfterMs[choices.endAfterMs],
      quietDuringEvent: CHOICES.quietDuringEvent[choices.quietDuringEvent],
      ...(quietAfterEventMs === 0 ? {} : { quietAfterEventMs }),
    };
  });
}

/** The candidate with all thresholds so many places higher; null where there is no such place. */
export function shifted(candidate: Candidate, places: number): Candidate | null {
  const thresholds = candidate.thresholds.map((place) => place + places);
  return thresholds.every((place) => THRESHOLDS[place] !== undefined) ? { ...candidate, thresholds } : null;
}
