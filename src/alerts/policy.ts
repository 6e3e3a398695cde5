import { FailureNow, type StoredFailure } from '../clinical/failure-now.js';
import type { PresentState } from '../clinical/state.js';
import {
  type AckMessage,
  type AlertMessage,
  type AlertState,
  withPresentFields,
} from '../contract/messages.js';
import { withOldName, withPresentName } from '../contract/old-names.js';
import { signalOf } from '../contract/signals.js';
import { MINUTE_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';
import type { AlertRule } from '../settings/config.js';
import { PlaceWatch, type StoredPlaceWatch } from './place-watch.js';
import {
  advance,
  dueTime,
  followTo,
  newRuleState,
  notBefore,
  type PatientPlace,
  passTime,
  type RuleState,
  recordAfter,
  restoreRule,
  type StoredRule,
  storedRule,
} from './rule-state.js';
import { mortalityAnHourAgo, type ScoredMoment, stepRule, type Trail } from './rule-watch.js';
import {
  isAlarmed,
  type MeasuredMoment,
  NO_STATE_ALARMS,
  type StateAlarms,
  StateWatch,
  type StoredStates,
} from './state-watch.js';

/** The states of a patient that are there. */
export interface PatientStates {
  readonly patientId: string;
  readonly states: readonly PresentState[];
}

interface StayState {
  readonly rules: RuleState[];
  readonly place: PlaceWatch;
  readonly states: StateWatch;
  readonly failure: FailureNow;
  /** Open alerts of rules that are configured no more. */
  orphans: AlertMessage[];
  readonly trail: Trail;
}

/** A stay's state as JSON has it: what is not finite is null. */
interface StoredStay {
  readonly rules: readonly StoredRule[];
  /** Absent in older ones. */
  readonly place?: StoredPlaceWatch;
  readonly states?: StoredStates;
  readonly failure?: StoredFailure;
  readonly trail: Trail;
}

const DEFAULT_SNOOZE_MS = 30 * MINUTE_MS;
/** By default a patient may be without a ward for so long: vital signs come before the admission is entered. */
const PLACE_UNKNOWN_AFTER_MS = MINUTE_MS;

/**
 * Decides, score by score, which alerts a patient has: normal → raised → acknowledged → resolved, with snooze and
 * escalation. `rule-step.ts` says when a rule raises and ends. Time is event time only, so the same scores give the same alerts.
 */
export class AlertPolicy {
  readonly #rules: readonly AlertRule[];
  readonly #modelVersion: string;
  readonly #stays = new Map<string, StayState>();
  /** Patients with an alert that time alone can change. */
  readonly #waiting = new Set<string>();
  readonly #placeUnknownAfterMs: number;
  readonly #stateAlarms: StateAlarms;
  /** Patients whose states were told or have changed since they were taken. */
  readonly #restated = new Set<string>();

  constructor(
    rules: readonly AlertRule[],
    modelVersion: string,
    placeUnknownAfterMs = PLACE_UNKNOWN_AFTER_MS,
    stateAlarms: StateAlarms = NO_STATE_ALARMS,
  ) {
    this.#rules = rules;
    this.#modelVersion = modelVersion;
    this.#placeUnknownAfterMs = placeUnknownAfterMs;
    this.#stateAlarms = stateAlarms;
  }

  /** The transitions a score causes; each is the next record of its alert. Time alone changes nothing beyond `ordered`. */
  score(moment: ScoredMoment, ordered: EpochMs = moment.eventTime): AlertMessage[] {
    const stay = this.#stayOf(moment.patientId);
    const trend = moment.mortality - mortalityAnHourAgo(stay.trail, moment);
    const transitions = this.advanceTo(moment.patientId, Math.min(moment.eventTime, ordered));
    transitions.push(...this.#tell(stay, moment, ordered));
    const failing = moment.failing ?? stay.failure.see(moment.values, moment.ages, moment.eventTime);
    const seen = { moment, trend, failing, modelVersion: this.#modelVersion };
    this.#rules.forEach((rule, index) => {
      const value = signalOf(rule.signal).of(moment) ?? Number.NaN;
      transitions.push(...stepRule(rule, stay.rules[index], { ...seen, value }));
    });
    this.#noteTimers(moment.patientId);
    return transitions;
  }

  /** The transitions that values cause which are no reason for a score: of the patient's state alone. */
  measure(moment: MeasuredMoment, ordered: EpochMs = moment.eventTime): AlertMessage[] {
    const transitions = this.advanceTo(moment.patientId, Math.min(moment.eventTime, ordered));
    transitions.push(...this.#tell(this.#stayOf(moment.patientId), moment, ordered));
    this.#noteTimers(moment.patientId);
    return transitions;
  }

  /** The states of patients of whom they were told, or have changed by time alone, since the last call. */
  takeStates(): PatientStates[] {
    const taken = [...this.#restated].map((patientId) => ({ patientId, states: this.statesOf(patientId) }));
    this.#restated.clear();
    return taken;
  }

  /**
   * Takes note of where a patient is: open alerts follow, each with a record of the move, and a ward that is not known is
   * watched.
   */
  place(where: PatientPlace, ordered: EpochMs = where.time): AlertMessage[] {
    const { patientId, time } = where;
    const transitions = this.advanceTo(patientId, Math.min(time, ordered));
    return [...transitions, ...this.#raiseUnknown(patientId, time), ...this.#settle(where)];
  }

  /** Patients with an alert that time alone can change: one that escalates, or whose snooze ends; or one whose ward is not known. */
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
    const { rules, states } = this.#stayOf(patientId);
    for (const state of rules) {
      for (let due = dueTime(state); due <= time; due = dueTime(state))
        transitions.push(passTime(state, due));
    }
    if (states.dueTime <= time) {
      transitions.push(...states.advanceTo(time));
      this.#restated.add(patientId);
    }
    transitions.push(...this.#raiseUnknown(patientId, time));
    this.#noteTimers(patientId);
    return transitions;
  }

  /**
   * What a person's action changes; null where no open alert of the patient has that id. What time had changed by then is for
   * `advanceTo`, before: it may have raised or ended the alert.
   */
  act({ patientId, alertId, action, actor, eventTime, snoozeMs, reason }: AckMessage): AlertMessage | null {
    const stay = this.#stays.get(patientId);
    if (stay === undefined) return null;
    const state = watched(stay).find(({ open }) => open?.alertId === alertId);
    if (!state?.open) return null;
    if (action === 'SNOOZE') state.snoozedUntil = eventTime + (snoozeMs ?? DEFAULT_SNOOZE_MS);
    const next: AlertState =
      action === 'ACKNOWLEDGE'
        ? 'ACKNOWLEDGED'
        : action === 'SNOOZE'
          ? 'SNOOZED'
          : action === 'ESCALATE'
            ? 'ESCALATED'
            : state.open.state;
    const record = advance(state, next, eventTime, { actor, reason });
    this.#noteTimers(patientId);
    return record;
  }

  /** Ends the stay: its open alerts resolve. */
  discharge(patientId: string, eventTime: EpochMs, ordered: EpochMs = eventTime): AlertMessage[] {
    const transitions = this.advanceTo(patientId, Math.min(eventTime, ordered));
    transitions.push(...this.#raiseUnknown(patientId, eventTime));
    const stay = this.#stays.get(patientId);
    for (const state of stay === undefined ? [] : watched(stay)) {
      if (state.open === null) continue;
      const time = notBefore(state.open, eventTime);
      transitions.push(advance(state, 'RESOLVED', time, { actor: null, reason: 'discharged' }));
    }
    const known = stay?.place.end(eventTime, 'discharged');
    if (known) transitions.push(known);
    this.release(patientId);
    return transitions;
  }

  /** What is known of a patient's alerts, as JSON, for `restore`. */
  stateOf(patientId: string): string {
    const stay = this.#stays.get(patientId);
    if (stay === undefined) return '';
    const rules = stay.rules.map((state, index) => storedRule(this.#rules[index].id, state));
    const { place, states, failure } = stay;
    const trail = stay.trail.map(withOldName);
    return JSON.stringify({ rules, place, trail, failure, ...(states.isIdle ? {} : { states }) });
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
    if (json === '') return [];
    const { rules, place, states } = JSON.parse(json) as StoredStay;
    return [...rules, place, ...(states?.alerts ?? [])].flatMap((each) =>
      each?.open ? withPresentFields(each.open) : [],
    );
  }

  /** The states in what `stateOf` gave that are there. Throws as `openIn`. */
  static statesIn(json: string): readonly PresentState[] {
    const { states } = json === '' ? {} : (JSON.parse(json) as Partial<StoredStay>);
    return states === undefined ? [] : statesOf(states, NO_STATE_ALARMS).present();
  }

  /**
   * Whether nothing in what `stateOf` gave waits for `settle`, for word of a place, or for its end: the rules of open alerts are
   * configured, and do not end them by time, and no alert of a state is due.
   */
  isCurrent(json: string): boolean {
    if (json === '') return true;
    const { rules, place, states } = JSON.parse(json) as StoredStay;
    const lasting = new Set(
      this.#rules.filter(({ endAfterMs }) => endAfterMs === undefined).map(({ id }) => id),
    );
    const isMissing = place !== undefined && place.unknownSince !== null && place.open === null;
    const isWanted = ({ open, criterion }: StoredStates['alerts'][number]) =>
      open === null || isAlarmed(this.#stateAlarms, criterion);
    const isOfNow = rules.every(({ id, open }) => open === null || lasting.has(id));
    if (isMissing || !isOfNow || !(states?.alerts ?? []).every(isWanted)) return false;
    return (
      states === undefined || statesOf(states, this.#stateAlarms).alertDueTime === Number.POSITIVE_INFINITY
    );
  }

  /** Whether time alone can change an alert of the patient. */
  isWaiting(patientId: string): boolean {
    const stay = this.#waiting.has(patientId) ? this.#stays.get(patientId) : undefined;
    if (stay === undefined) return false;
    return isTimed(stay, stay.states.alertDueTime);
  }

  /** Continues from what `stateOf` gave; returns the open alerts. What has changed meanwhile is for `settle`. */
  restore(patientId: string, json: string): AlertMessage[] {
    if (json === '') return [];
    const { rules, place, states, failure, trail } = JSON.parse(json) as StoredStay;
    const stay = this.#stayOf(patientId);
    stay.trail.push(...trail.map(withPresentName));
    this.#rules.forEach(({ id }, index) => {
      const stored = rules.find((rule) => rule.id === id);
      if (stored !== undefined) restoreRule(stay.rules[index], stored);
    });
    if (place !== undefined) stay.place.restore(place);
    if (states !== undefined) stay.states.restore(states);
    if (failure !== undefined) stay.failure.restore(failure);
    const configured = new Set(this.#rules.map(({ id }) => id));
    stay.orphans = rules.flatMap(({ id, open }) =>
      open === null || configured.has(id) ? [] : withPresentFields(open),
    );
    this.#noteTimers(patientId);
    return [...this.#openOf(stay)];
  }

  /**
   * What has changed since the state was kept: open alerts of rules that are configured no more end, the others follow a
   * patient who was moved.
   */
  settle(where: PatientPlace): AlertMessage[] {
    const transitions = this.#settle(where);
    const stay = this.#stayOf(where.patientId);
    for (const alert of stay.orphans) {
      const eventTime = notBefore(alert, where.time);
      const reason = `rule ${alert.rule} is configured no more`;
      const { wardId, bedId } = where;
      const facts = { state: 'RESOLVED', wardId, bedId, eventTime, actor: null, reason } as const;
      transitions.push(recordAfter(alert, facts));
    }
    stay.orphans = [];
    transitions.push(...stay.states.endUnwanted(where));
    if (!stay.states.isIdle) this.#restated.add(where.patientId);
    return transitions;
  }

  /** Forgets a patient who is another process's from now on. */
  release(patientId: string): void {
    this.#stays.delete(patientId);
    this.#restated.delete(patientId);
    this.#waiting.delete(patientId);
  }

  /** The patient's states that are there. */
  statesOf(patientId: string): readonly PresentState[] {
    return this.#stays.get(patientId)?.states.present() ?? [];
  }

  /** The patient's alerts that are not resolved. */
  openOf(patientId: string): AlertMessage[] {
    const stay = this.#stays.get(patientId);
    return stay === undefined ? [] : [...this.#openOf(stay)];
  }

  /** The alerts that are not resolved, newest transition of each. */
  *open(): Generator<AlertMessage> {
    for (const stay of this.#stays.values()) yield* this.#openOf(stay);
  }

  *#openOf(stay: StayState): Generator<AlertMessage> {
    for (const { open } of [...watched(stay), stay.place]) if (open !== null) yield open;
  }

  /** No acknowledgement can come between a place that is not known and its notice, so that need not wait until all is in. */
  #raiseUnknown(patientId: string, time: EpochMs): AlertMessage[] {
    const place = this.#stays.get(patientId)?.place;
    return place !== undefined && place.dueTime <= time ? [place.raise(patientId)] : [];
  }

  #settle(where: PatientPlace): AlertMessage[] {
    const stay = this.#stayOf(where.patientId);
    const known = stay.place.see(where);
    stay.states.see(where);
    this.#noteTimers(where.patientId);
    return [...watched(stay).map((state) => followTo(where, state)), known].filter(
      (record) => record !== null,
    );
  }

  #stayOf(patientId: string): StayState {
    let stay = this.#stays.get(patientId);
    if (stay === undefined) {
      const place = new PlaceWatch(this.#placeUnknownAfterMs);
      const states = new StateWatch(this.#stateAlarms);
      const rules = this.#rules.map(newRuleState);
      stay = { rules, place, states, failure: new FailureNow(), orphans: [], trail: [] };
      this.#stays.set(patientId, stay);
    }
    return stay;
  }

  #tell({ states }: StayState, moment: MeasuredMoment, ordered: EpochMs): AlertMessage[] {
    if (states.isIdle && moment.episodes.length === 0) return [];
    this.#restated.add(moment.patientId);
    return states.tell(moment, ordered);
  }

  #noteTimers(patientId: string): void {
    const stay = this.#stayOf(patientId);
    const isWaiting = isTimed(stay, stay.states.dueTime);
    if (isWaiting) this.#waiting.add(patientId);
    else this.#waiting.delete(patientId);
  }
}

/** Whether time alone changes something: a rule's alert, the place, or what of the states is due at `ofStates`. */
function isTimed({ rules, place }: StayState, ofStates: EpochMs): boolean {
  return (
    place.dueTime < Number.POSITIVE_INFINITY ||
    ofStates < Number.POSITIVE_INFINITY ||
    rules.some((state) => dueTime(state) < Number.POSITIVE_INFINITY)
  );
}

/** The states of a stored stay, without their alerts. */
function statesOf(states: StoredStates, alarms: StateAlarms): StateWatch {
  const watch = new StateWatch(alarms);
  watch.restore({ ...states, alerts: [] });
  return watch;
}

/** Where every rule and criterion stands that has an alert, or may have. */
function watched({ rules, states }: StayState): RuleState[] {
  return [...rules, ...states.alerts];
}
