import { VARIABLES } from '../clinical/variables.js';
import type { AlertRule } from '../config.js';
import { hashId } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import {
  type AckMessage,
  type AlertMessage,
  type AlertState,
  type Evidence,
  withPresentFields,
} from '../events/messages.js';
import type { Contributions } from '../inference/occlusion.js';
import type { Outcomes } from '../inference/outcomes.js';

/** What the policy needs of a score. */
export interface ScoredMoment extends Outcomes {
  readonly patientId: string;
  readonly stayId: string;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly eventTime: EpochMs;
  readonly news2: number | null;
  /** What each modality adds to the risk, where that is known. */
  readonly contributions?: Contributions;
  /** Last known values in canonical units and their ages in ms, by variable index; NaN where never seen. */
  readonly values: Float32Array;
  readonly ages: Float32Array;
}

/** Where one rule stands for one stay. */
interface RuleState {
  /** Since when the signal has been at or above the threshold; NaN: it is not. */
  onset: EpochMs;
  /** The newest transition of an alert that is not resolved. */
  open: AlertMessage | null;
  /** When `open` came into its present state. */
  since: EpochMs;
  snoozedUntil: EpochMs;
  refractoryUntil: EpochMs;
}

interface StayState {
  readonly rules: RuleState[];
  /** Risk by time, at least a minute apart, an hour back. */
  readonly trail: { time: EpochMs; risk: number }[];
}

/** A stay's state as JSON has it: what is not finite is null. */
interface StoredStay {
  readonly rules: {
    readonly id: string;
    readonly onset: EpochMs | null;
    readonly open: AlertMessage | null;
    readonly since: EpochMs | null;
    readonly snoozedUntil: EpochMs | null;
    readonly refractoryUntil: EpochMs | null;
  }[];
  readonly trail: { time: EpochMs; risk: number }[];
}

const MINUTE_MS = 60_000;
const TREND_MS = 60 * MINUTE_MS;
const DEFAULT_SNOOZE_MS = 30 * MINUTE_MS;
/** Values shown as evidence: vitals and the laboratory's alarm values. */
const EVIDENCE = new Set(
  [
    'heartRate',
    'sbpInvasive',
    'mapInvasive',
    'sbpCuff',
    'mapCuff',
    'respRate',
    'temperature',
    'spo2',
    'gcs',
    'fio2',
  ].concat(['ph', 'pao2', 'lactate', 'creatinine', 'potassium', 'platelets', 'bilirubin']),
);
/** Evidence older than this is left out. */
const EVIDENCE_AGE_MS = 24 * 60 * MINUTE_MS;

/**
 * Decides, score by score, which alerts a patient has: normal → raised → acknowledged → resolved, with snooze and
 * escalation. A rule's signal must hold `holdMs` to raise, fall below a lower threshold to resolve, and then rests for
 * `refractoryMs`. Time is event time only, so the same scores give the same alerts.
 */
export class AlertPolicy {
  readonly #rules: readonly AlertRule[];
  readonly #modelVersion: string;
  readonly #stays = new Map<string, StayState>();
  /** Patients with an alert that time alone can change. */
  readonly #waiting = new Set<string>();

  constructor(rules: readonly AlertRule[], modelVersion: string) {
    this.#rules = rules;
    this.#modelVersion = modelVersion;
  }

  /** The transitions a score causes; each is the next record of its alert. Time alone changes nothing beyond `ordered`. */
  score(moment: ScoredMoment, ordered: EpochMs = moment.eventTime): AlertMessage[] {
    const stay = this.#stayOf(moment.patientId);
    const trend = moment.risk - riskAnHourAgo(stay, moment);
    const transitions = this.advanceTo(moment.patientId, Math.min(moment.eventTime, ordered));
    this.#rules.forEach((rule, index) => {
      const value = moment[rule.signal];
      if (value === null) return;
      const transition = this.#step(rule, stay.rules[index], moment, value, trend);
      if (transition !== null) transitions.push(transition);
    });
    this.#noteTimers(moment.patientId);
    return transitions;
  }

  /** Patients with an alert that time alone can change: one that escalates, or whose snooze ends. */
  get waiting(): Iterable<string> {
    return this.#waiting;
  }

  /**
   * What time alone changes of a patient's alerts up to `time`, each at the moment it was due: so it does not matter
   * how often, or whether, this is called between two events of the patient.
   */
  advanceTo(patientId: string, time: EpochMs): AlertMessage[] {
    if (!this.#waiting.has(patientId)) return [];
    const transitions: AlertMessage[] = [];
    this.#stayOf(patientId).rules.forEach((state, index) => {
      const rule = this.#rules[index];
      for (let due = dueTime(rule, state); due <= time; due = dueTime(rule, state)) {
        const isSnoozed = state.open?.state === 'SNOOZED';
        const reason = isSnoozed ? 'the snooze is over' : 'not acknowledged';
        const next = isSnoozed ? 'RAISED' : 'ESCALATED';
        transitions.push(advance(state, next, due, { actor: null, reason }));
      }
    });
    this.#noteTimers(patientId);
    return transitions;
  }

  /**
   * What a person's action changes, after what time had changed by then, or by `ordered`; null where no open alert of the patient
   * has that id.
   */
  act(
    { patientId, alertId, action, actor, eventTime, snoozeMs, reason }: AckMessage,
    ordered: EpochMs = eventTime,
  ): AlertMessage[] | null {
    const state = this.#stays.get(patientId)?.rules.find(({ open }) => open?.alertId === alertId);
    if (!state?.open) return null;
    const transitions = this.advanceTo(patientId, Math.min(eventTime, ordered));
    if (action === 'SNOOZE') state.snoozedUntil = eventTime + (snoozeMs ?? DEFAULT_SNOOZE_MS);
    const next: AlertState =
      action === 'ACKNOWLEDGE'
        ? 'ACKNOWLEDGED'
        : action === 'SNOOZE'
          ? 'SNOOZED'
          : action === 'ESCALATE'
            ? 'ESCALATED'
            : state.open.state;
    transitions.push(advance(state, next, eventTime, { actor, reason }));
    this.#noteTimers(patientId);
    return transitions;
  }

  /** Ends the stay: its open alerts resolve. */
  discharge(patientId: string, eventTime: EpochMs, ordered: EpochMs = eventTime): AlertMessage[] {
    const transitions = this.advanceTo(patientId, Math.min(eventTime, ordered));
    for (const state of this.#stays.get(patientId)?.rules ?? []) {
      if (state.open === null) continue;
      transitions.push(advance(state, 'RESOLVED', eventTime, { actor: null, reason: 'discharged' }));
    }
    this.release(patientId);
    return transitions;
  }

  /** What is known of a patient's alerts, as JSON, for `restore`. */
  stateOf(patientId: string): string {
    const stay = this.#stays.get(patientId);
    if (stay === undefined) return '';
    const rules = stay.rules.map((state, index) => ({ id: this.#rules[index].id, ...state }));
    return JSON.stringify({ rules, trail: stay.trail });
  }

  /** Whether `restore` can continue from it. */
  static isState(json: unknown): json is string {
    if (json === '') return true;
    try {
      const { rules, trail } = JSON.parse(String(json)) as Partial<StoredStay>;
      return Array.isArray(rules) && Array.isArray(trail);
    } catch {
      return false;
    }
  }

  /** The open alerts in what `stateOf` gave. @throws SyntaxError or TypeError where it is something else. */
  static openIn(json: string): AlertMessage[] {
    return json === '' ? [] : (JSON.parse(json) as StoredStay).rules.flatMap(({ open }) => open ?? []);
  }

  /** Whether time alone can change an alert of the patient. */
  isWaiting(patientId: string): boolean {
    return this.#waiting.has(patientId);
  }

  /** Continues from what `stateOf` gave; rules that are configured no more are dropped. Returns the open alerts. */
  restore(patientId: string, json: string): AlertMessage[] {
    if (json === '') return [];
    const { rules, trail } = JSON.parse(json) as StoredStay;
    const stay = this.#stayOf(patientId);
    stay.trail.push(...trail);
    this.#rules.forEach(({ id }, index) => {
      const stored = rules.find((rule) => rule.id === id);
      if (stored === undefined) return;
      const { onset, open, since, snoozedUntil, refractoryUntil } = stored;
      stay.rules[index].onset = onset ?? Number.NaN;
      stay.rules[index].open = open === null ? null : withPresentFields(open);
      stay.rules[index].since = since ?? open?.eventTime ?? Number.NaN;
      stay.rules[index].snoozedUntil = snoozedUntil ?? Number.NEGATIVE_INFINITY;
      stay.rules[index].refractoryUntil = refractoryUntil ?? Number.NEGATIVE_INFINITY;
    });
    this.#noteTimers(patientId);
    return stay.rules.flatMap(({ open }) => open ?? []);
  }

  /** Forgets a patient who is another process's from now on. */
  release(patientId: string): void {
    this.#stays.delete(patientId);
    this.#waiting.delete(patientId);
  }

  /** The patient's alerts that are not resolved. */
  openOf(patientId: string): AlertMessage[] {
    return this.#stays.get(patientId)?.rules.flatMap(({ open }) => open ?? []) ?? [];
  }

  /** The alerts that are not resolved, newest transition of each. */
  *open(): Generator<AlertMessage> {
    for (const { rules } of this.#stays.values()) {
      for (const { open } of rules) if (open !== null) yield open;
    }
  }

  #stayOf(patientId: string): StayState {
    let stay = this.#stays.get(patientId);
    if (stay === undefined) {
      const rules = this.#rules.map(() => ({
        onset: Number.NaN,
        open: null,
        since: Number.NaN,
        snoozedUntil: Number.NEGATIVE_INFINITY,
        refractoryUntil: Number.NEGATIVE_INFINITY,
      }));
      stay = { rules, trail: [] };
      this.#stays.set(patientId, stay);
    }
    return stay;
  }

  #step(
    rule: AlertRule,
    state: RuleState,
    moment: ScoredMoment,
    value: number,
    trend: number,
  ): AlertMessage | null {
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
      state.open = this.#raise(rule, state.onset, moment, value, trend);
      state.since = eventTime;
      return state.open;
    }
    if (value < rule.resolveBelow) {
      state.refractoryUntil = eventTime + rule.refractoryMs;
      return advance(state, 'RESOLVED', eventTime, facts);
    }
    return null;
  }

  #noteTimers(patientId: string): void {
    const isWaiting = this.#stays
      .get(patientId)
      ?.rules.some((state, index) => dueTime(this.#rules[index], state) < Number.POSITIVE_INFINITY);
    if (isWaiting) this.#waiting.add(patientId);
    else this.#waiting.delete(patientId);
  }

  #raise(rule: AlertRule, onset: EpochMs, moment: ScoredMoment, value: number, trend: number): AlertMessage {
    const { patientId, stayId, wardId, bedId, eventTime, risk, news2, contributions } = moment;
    return {
      alertId: hashId(patientId, rule.id, onset, this.#modelVersion),
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
      value,
      threshold: rule.raiseAt,
      risk,
      trend,
      news2,
      modelVersion: this.#modelVersion,
      contributions: contributions ?? null,
      evidence: evidenceOf(moment),
      actor: null,
      reason: null,
      detail: null,
    };
  }
}

/** When time alone moves a rule's alert on; infinite where it does not. */
function dueTime({ escalateAfterMs }: AlertRule, { open, since, snoozedUntil }: RuleState): EpochMs {
  if (open?.state === 'RAISED') return since + escalateAfterMs;
  if (open?.state === 'SNOOZED') return snoozedUntil;
  return Number.POSITIVE_INFINITY;
}

/** The alert's next record; a resolved alert is closed. */
function advance(
  state: RuleState,
  next: AlertState,
  eventTime: EpochMs,
  facts: Partial<AlertMessage>,
): AlertMessage {
  const before = state.open!;
  const after = { ...before, ...facts, state: next, eventTime, sequence: before.sequence + 1 };
  if (next !== before.state) state.since = eventTime;
  state.open = next === 'RESOLVED' ? null : after;
  if (next === 'RESOLVED') state.onset = Number.NaN;
  return after;
}

function riskAnHourAgo({ trail }: StayState, { eventTime, risk }: ScoredMoment): number {
  while (trail.length > 1 && trail[1].time <= eventTime - TREND_MS) trail.shift();
  const before = trail.length > 0 ? trail[0].risk : risk;
  if (trail.length === 0 || eventTime - trail[trail.length - 1].time >= MINUTE_MS)
    trail.push({ time: eventTime, risk });
  return before;
}

function evidenceOf({ values, ages }: ScoredMoment): Evidence[] {
  return VARIABLES.flatMap(({ id, unit }, index) => {
    const isShown = EVIDENCE.has(id) && ages[index] <= EVIDENCE_AGE_MS;
    return isShown
      ? [{ variable: id, value: values[index], unit, ageMs: Math.round(ages[index]), effect: null }]
      : [];
  });
}
