import { SIGNS } from '../clinical/signs.js';
import {
  type ActiveEpisode,
  CRITERIA,
  type Criterion,
  dueAt,
  type Grade,
  isPresentAt,
  type PresentState,
  presentState,
  sourceIdOf,
} from '../clinical/state.js';
import type { AlertMessage, Evidence } from '../contract/messages.js';
import type { Priority } from '../contract/priorities.js';
import { hashId } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import { evidenceOf } from './evidence.js';
import {
  advance,
  dueTime,
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

/** What of a patient's state is alarmed. */
export interface StateAlarms {
  readonly grades: readonly Grade[];
  /** Criteria that do not alarm. */
  readonly except: readonly string[];
  readonly escalateCriticalAfterMs: number;
  readonly escalateFailingAfterMs: number;
}

export const NO_STATE_ALARMS: StateAlarms = {
  grades: [],
  except: [],
  escalateCriticalAfterMs: Number.POSITIVE_INFINITY,
  escalateFailingAfterMs: Number.POSITIVE_INFINITY,
};

const CRITERION_IDS: ReadonlySet<string> = new Set(CRITERIA.map(({ id }) => id));

/** Whether a criterion alarms, and is there at all. */
export function isAlarmed({ grades, except }: StateAlarms, { id, grade }: Criterion): boolean {
  return grades.includes(grade) && !except.includes(id) && CRITERION_IDS.has(id);
}

/** What has become known of a patient's signs at one moment. */
export interface MeasuredMoment extends Omit<PatientPlace, 'time'> {
  readonly eventTime: EpochMs;
  /** Those that are not over, as the newest values leave them. */
  readonly episodes: readonly ActiveEpisode[];
  /** How often a discharge of the stay was taken back. */
  readonly reopened: number;
  /** Last known values in canonical units and their ages in ms, by variable index; NaN where never seen. */
  readonly values: Float32Array;
  readonly ages: Float32Array;
}

/** One criterion's alert. */
interface StateAlert extends RuleState {
  readonly criterion: Criterion;
  /** Since when the episode is that it was raised of last; NaN: it never was. */
  raisedOf: EpochMs;
  /** How often it was raised again of that episode. */
  repeats: number;
}

interface StoredAlert extends StoredRule {
  readonly criterion: Criterion;
  readonly raisedOf: EpochMs;
  readonly repeats: number;
}

/** What is kept of it, as JSON. */
export interface StoredStates {
  readonly episodes: readonly ActiveEpisode[];
  readonly sureTo: EpochMs | null;
  readonly alerts: readonly StoredAlert[];
  readonly basis: Basis | null;
  readonly reopened: number;
}

/** What an alert that time alone raises rests on. */
interface Basis {
  readonly time: EpochMs;
  readonly evidence: Evidence[];
}

const PRIORITIES: Readonly<Record<Grade, Priority>> = { critical: 'HIGH', failing: 'MEDIUM' };

/**
 * The states of one stay, and their alerts: one an episode, raised when the state is there and resolved when it is over. Of one sign and
 * direction a state raises none while the alert of a critical one further out is open. What time alone changes happens when it is due.
 */
export class StateWatch {
  readonly #alarms: StateAlarms;
  #where: Omit<PatientPlace, 'time'> | null = null;
  /** Those that are not over, as the newest values left them. */
  #episodes: readonly ActiveEpisode[] = [];
  /** All input up to here is in: what time alone changes by then has changed. */
  #sureTo: EpochMs = Number.NEGATIVE_INFINITY;
  /** By criterion, also those whose alert is resolved. */
  readonly #alerts = new Map<string, StateAlert>();
  #moment: Pick<MeasuredMoment, 'eventTime' | 'values' | 'ages'> | null = null;
  #basis: Basis | null = null;
  #reopened = 0;

  constructor(alarms: StateAlarms) {
    this.#alarms = alarms;
  }

  /** Where each alert stands. */
  get alerts(): IterableIterator<RuleState> {
    return this.#alerts.values();
  }

  /** Whether nothing is known of a state. */
  get isIdle(): boolean {
    return this.#episodes.length === 0 && this.#alerts.size === 0;
  }

  /** When time alone changes a state or an alert of one; infinite where it does not. */
  get dueTime(): EpochMs {
    return this.#due(() => true);
  }

  /** When time alone changes an alert of a state; infinite where it does not. */
  get alertDueTime(): EpochMs {
    return this.#due((criterion) => isAlarmed(this.#alarms, criterion));
  }

  #due(counts: (criterion: Criterion) => boolean): EpochMs {
    let due = Number.POSITIVE_INFINITY;
    for (const episode of this.#episodes) {
      if (!counts(episode.criterion)) continue;
      const at = dueAt(episode, episode.criterion, this.#sureTo);
      if (at > this.#sureTo && episode.criterion.lastsMs > 0) due = Math.min(due, at);
    }
    for (const alert of this.#alerts.values()) due = Math.min(due, dueTime(alert));
    return due;
  }

  /** The states that are there. */
  present(): readonly PresentState[] {
    return this.#episodes.filter((episode) => this.#isThere(episode)).map(presentState);
  }

  /** Where the patient is from now on. */
  see({ patientId, stayId, wardId, bedId }: PatientPlace): void {
    this.#where = { patientId, stayId, wardId, bedId };
  }

  /** Takes in what a moment has made known. Time alone changes nothing beyond `ordered`; results of the laboratory count at once. */
  tell(moment: MeasuredMoment, ordered: EpochMs): AlertMessage[] {
    const { eventTime, episodes, patientId, stayId, wardId, bedId, reopened, values, ages } = moment;
    this.#where = { patientId, stayId, wardId, bedId };
    // Not the moment itself: a score keeps all that an explanation needs.
    this.#moment = { eventTime, values, ages };
    this.#basis = null;
    this.#reopened = reopened;
    const before = this.#episodes;
    this.#episodes = episodes;
    this.#sureTo = Math.max(this.#sureTo, Math.min(eventTime, ordered));
    return this.#reconcile(eventTime, before);
  }

  /** What time alone changes up to `time`, each at the moment it was due. */
  advanceTo(time: EpochMs): AlertMessage[] {
    const records: AlertMessage[] = [];
    for (let due = this.dueTime; due <= time; due = this.dueTime) {
      this.#sureTo = Math.max(this.#sureTo, due);
      records.push(...this.#reconcile(due, this.#episodes));
      for (const alert of this.#alerts.values())
        if (dueTime(alert) <= due) records.push(passTime(alert, due));
    }
    return records;
  }

  /** The records that end alerts of criteria that do not alarm any more. */
  endUnwanted({ wardId, bedId, time }: PatientPlace): AlertMessage[] {
    return [...this.#alerts.values()].flatMap((alert) => {
      if (alert.open === null || isAlarmed(this.#alarms, alert.criterion)) return [];
      const reason = `criterion ${alert.criterion.id} alarms no more`;
      const facts = { state: 'RESOLVED', wardId, bedId, actor: null, reason } as const;
      const record = recordAfter(alert.open, { ...facts, eventTime: notBefore(alert.open, time) });
      alert.open = null;
      return [record];
    });
  }

  toJSON(): StoredStates {
    const alerts = [...this.#alerts.values()].map((alert) => {
      const { criterion, raisedOf, repeats } = alert;
      return { ...storedRule(criterion.id, alert), criterion, raisedOf, repeats };
    });
    const mayRaise = this.#episodes.some(
      ({ criterion }) => isAlarmed(this.#alarms, criterion) && !this.#alerts.get(criterion.id)?.open,
    );
    return {
      episodes: this.#episodes,
      sureTo: Number.isFinite(this.#sureTo) ? this.#sureTo : null,
      alerts,
      basis: mayRaise ? this.#basisNow() : null,
      reopened: this.#reopened,
    };
  }

  restore({ episodes, sureTo, alerts, basis, reopened }: StoredStates): void {
    this.#episodes = episodes.map(withNumbers);
    this.#sureTo = sureTo ?? Number.NEGATIVE_INFINITY;
    this.#basis = basis;
    this.#reopened = reopened;
    for (const { criterion, raisedOf, repeats, ...stored } of alerts) {
      const alert = this.#alertOf(criterion);
      restoreRule(alert, stored);
      alert.raisedOf = raisedOf;
      alert.repeats = repeats;
    }
  }

  #isThere(episode: ActiveEpisode): boolean {
    const { criterion } = episode;
    // What need not last is sure with the value.
    return isPresentAt(episode, criterion, criterion.lastsMs === 0 ? Number.POSITIVE_INFINITY : this.#sureTo);
  }

  /** Brings the alerts to what is there at `time`. */
  #reconcile(time: EpochMs, before: readonly ActiveEpisode[]): AlertMessage[] {
    const records: AlertMessage[] = [];
    for (const alert of this.#alerts.values()) {
      if (alert.open === null) continue;
      const { id } = alert.criterion;
      const now = this.#episodes.find(({ criterion }) => criterion.id === id);
      if (now !== undefined && this.#isThere(now)) continue;
      const last = now ?? before.find(({ criterion }) => criterion.id === id);
      records.push(end(alert, time, last));
    }
    for (const episode of this.#episodes) {
      const { phase, criterion } = episode;
      // What has begun to end is not alarmed anew.
      if (phase === 'ending' || !this.#isThere(episode)) continue;
      if (!isAlarmed(this.#alarms, criterion) || this.#isOutdone(criterion)) continue;
      const alert = this.#alertOf(criterion);
      // Time has gone ahead of a value where somebody has acted since.
      const at = phase === 'pending' ? Math.max(time, dueAt(episode, criterion)) : time;
      if (alert.open === null) records.push(this.#raise(alert, episode, at));
    }
    return records;
  }

  #alertOf(criterion: Criterion): StateAlert {
    const known = this.#alerts.get(criterion.id);
    if (known !== undefined) return known;
    const { escalateCriticalAfterMs, escalateFailingAfterMs } = this.#alarms;
    const escalateAfterMs = criterion.grade === 'critical' ? escalateCriticalAfterMs : escalateFailingAfterMs;
    const alert = { ...newRuleState({ escalateAfterMs }), criterion, raisedOf: Number.NaN, repeats: 0 };
    this.#alerts.set(criterion.id, alert);
    return alert;
  }

  /** Whether the open alert of a critical state with a limit further out says the same, and more. */
  #isOutdone({ sign, direction, limit }: Criterion): boolean {
    for (const { open, criterion } of this.#alerts.values()) {
      if (open === null || criterion.grade !== 'critical' || criterion.sign !== sign) continue;
      const isFurther = direction === 'low' ? criterion.limit < limit : criterion.limit > limit;
      if (criterion.direction === direction && isFurther) return true;
    }
    return false;
  }

  #raise(
    alert: StateAlert,
    { criterion, since, value, variable }: ActiveEpisode,
    time: EpochMs,
  ): AlertMessage {
    const { patientId, stayId, wardId, bedId } = this.#where!;
    const { id, label, sign, grade, limit } = criterion;
    alert.repeats = alert.raisedOf === since ? alert.repeats + 1 : 0;
    alert.raisedOf = since;
    // One episode is one alert, unless that was ended by something else than its end.
    const again = this.#reopened + alert.repeats > 0 ? [this.#reopened, alert.repeats] : [];
    alert.onset = since;
    alert.since = time;
    alert.open = {
      alertId: hashId(patientId, 'state', id, since, ...again),
      class: 'clinical',
      sequence: 0,
      patientId,
      stayId,
      wardId,
      bedId,
      rule: id,
      priority: PRIORITIES[grade],
      state: 'RAISED',
      onsetTime: since,
      eventTime: time,
      signal: sign,
      label,
      unit: SIGNS[sign].unit,
      value,
      threshold: limit,
      mortality: null,
      trend: 0,
      news2: null,
      modelVersion: '',
      contributions: null,
      evidence: this.#evidenceAt(time, variable),
      actor: null,
      reason: null,
      detail: null,
      raisedWardId: wardId,
      raisedBedId: bedId,
      leftWardId: null,
    };
    return alert.open;
  }

  /** The values of the newest moment with their ages at `time`, the one that says so first. */
  #evidenceAt(time: EpochMs, leading: number): Evidence[] {
    const from = this.#moment?.eventTime ?? this.#basis?.time;
    if (from === undefined) return [];
    const evidence =
      this.#moment === null ? led(this.#basis!.evidence, leading) : evidenceOf(this.#moment, leading);
    for (const each of evidence) each.ageMs = Math.max(0, each.ageMs + time - from);
    return evidence;
  }

  #basisNow(): Basis | null {
    if (this.#basis === null && this.#moment !== null) {
      const { eventTime: time } = this.#moment;
      this.#basis = { time, evidence: evidenceOf(this.#moment) };
    }
    return this.#basis;
  }
}

const UNKNOWN = 'nobody has told for so long that it is not known any more';

/** Ends an alert; without an episode that is ending, what came late says that there is none. */
function end(alert: StateAlert, time: EpochMs, last: ActiveEpisode | undefined): AlertMessage {
  const open = alert.open!;
  const isOver = last?.phase === 'ending';
  const isUnknown = last?.standsTo !== undefined && last.standsTo <= time;
  const otherwise = isUnknown ? UNKNOWN : 'values that came late, or were corrected, say otherwise';
  const reason = isOver ? null : otherwise;
  const facts = { value: isOver ? last.value : open.value, actor: null, reason };
  return advance(alert, 'RESOLVED', notBefore(open, time), facts);
}

/** A copy with the evidence of one variable first. */
function led(evidence: readonly Evidence[], leading: number): Evidence[] {
  const id = sourceIdOf(leading);
  const copied = evidence.map((each) => ({ ...each }));
  return [
    ...copied.filter(({ variable }) => variable === id),
    ...copied.filter(({ variable }) => variable !== id),
  ];
}

/** An episode from JSON, which has null for what is not finite. */
function withNumbers(episode: ActiveEpisode): ActiveEpisode {
  const { since, until } = episode as { since: number | null; until: number | null };
  return { ...episode, since: since ?? Number.NaN, until: until ?? Number.NaN };
}
