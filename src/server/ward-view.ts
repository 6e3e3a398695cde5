import { Subject } from 'rxjs';
import type { PatientState } from '../align/patient.js';
import { VARIABLES } from '../clinical/variables.js';
import type { Outputs, Score, Sink } from '../engine/outputs.js';
import type { AlertMessage } from '../events/messages.js';
import { AlertLog, type LoggedAlert } from './alert-log.js';
import type { PatientView, ValueView } from './protocol.js';
import { RecentEvents } from './recent-events.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STALE_MS = 15 * MINUTE_MS;
const HISTORY = 60;
/** Decimals of the risks in a patient's history: more would be sent for nothing. */
const RISK_DIGITS = 4;

/** A patient who is no longer on this ward: discharged, moved, or another process's. */
export interface Departure {
  readonly patientId: string;
  readonly wardId: string | null;
}

/** What the ward looks like now: the newest of every patient and the alerts that are not resolved. */
export class WardView implements Sink {
  readonly patients = new Map<string, PatientView>();
  /** Newest transition of each alert that is not resolved. */
  readonly openAlerts = new Map<string, AlertMessage>();
  readonly alerts$ = new Subject<LoggedAlert>();
  readonly departed$ = new Subject<Departure>();
  /** The ward begins anew, as after a seek: whoever watches needs a new snapshot. */
  readonly reset$ = new Subject<void>();
  /** What the store may not have yet. */
  readonly recent = new RecentEvents();
  /** The order of alert records, for clients that come back. */
  readonly log: AlertLog;
  readonly #states = new Map<string, PatientState>();
  #changed = new Set<string>();
  #clock = 0;

  constructor(log = AlertLog.inMemory()) {
    this.log = log;
  }

  /** Newest event time seen. */
  get clock(): number {
    return this.#clock;
  }

  async write(outputs: Outputs): Promise<void> {
    const { admitted, restored, discharged, released, scores, alerts } = outputs;
    this.recent.write(outputs);
    for (const { patient } of restored) this.#admit(patient);
    for (const patient of admitted) this.#admit(patient);
    for (const score of scores) this.#score(score);
    const transitions = [...restored.flatMap(({ alerts: open }) => open), ...alerts];
    if (transitions.length > 0) await this.#push(transitions);
    for (const { patientId } of [...discharged, ...released]) this.#remove(patientId);
  }

  /** Forgets everything, so that a replay can go on from elsewhere. */
  reset(): void {
    for (const patientId of this.patients.keys()) this.#states.delete(patientId);
    this.patients.clear();
    this.openAlerts.clear();
    this.recent.clear();
    this.#changed.clear();
    this.log.reset();
    this.#clock = 0;
    this.reset$.next();
  }

  /** The engine's own state of a patient on the ward; to be read only. */
  stateOf(patientId: string): PatientState | undefined {
    return this.#states.get(patientId);
  }

  /** Patients that changed since the last call. */
  takeChanged(): PatientView[] {
    const changed = this.#changed;
    this.#changed = new Set();
    return [...changed].flatMap((id) => this.view(id) ?? []);
  }

  view(patientId: string): PatientView | undefined {
    const view = this.patients.get(patientId);
    if (view !== undefined) view.stale = this.#clock - view.lastEventAt > STALE_MS;
    return view;
  }

  views(): PatientView[] {
    return [...this.patients.keys()].flatMap((id) => this.view(id) ?? []);
  }

  #remove(patientId: string): void {
    const wardId = this.patients.get(patientId)?.wardId ?? null;
    this.patients.delete(patientId);
    this.#states.delete(patientId);
    this.#changed.delete(patientId);
    this.recent.forget(patientId);
    this.departed$.next({ patientId, wardId });
  }

  #admit(patient: PatientState): void {
    const { patientId, stayId, admittedAt, wardId, bedId, demographics } = patient;
    this.#states.set(patientId, patient);
    this.patients.set(patientId, {
      patientId,
      stayId,
      wardId,
      bedId,
      admittedAt,
      lastEventAt: admittedAt,
      ageYears: demographics.ageYears,
      sex: demographics.sex,
      risk: null,
      circulatory: null,
      respiratory: null,
      deterioration: null,
      riskAt: null,
      riskTrend: 0,
      riskHistory: [],
      news2: null,
      news2Missing: [],
      qsofa: null,
      values: {},
      stale: false,
    });
    this.#changed.add(patientId);
  }

  #score(score: Score): void {
    const view = this.patients.get(score.patientId);
    if (view === undefined) return;
    const { eventTime, risk, values, ages } = score;
    if (eventTime > this.#clock) this.#clock = eventTime;
    if (view.wardId !== score.wardId) {
      const { patientId, wardId } = view;
      view.wardId = score.wardId;
      this.departed$.next({ patientId, wardId });
    }
    view.bedId = score.bedId;
    view.lastEventAt = eventTime;
    view.risk = risk;
    view.circulatory = score.circulatory;
    view.respiratory = score.respiratory;
    view.deterioration = score.deterioration;
    view.riskAt = eventTime;
    view.news2 = score.news2;
    view.news2Missing = score.news2Missing;
    view.qsofa = score.qsofa;
    view.values = valuesOf(values, ages, eventTime);
    const history = view.riskHistory;
    const newest = history.at(-1);
    if (newest === undefined || eventTime - newest[0] >= MINUTE_MS)
      history.push([eventTime, Number(risk.toFixed(RISK_DIGITS))]);
    if (history.length > HISTORY) history.shift();
    const anHourAgo = history.findLast(([time]) => time <= eventTime - HOUR_MS) ?? history[0];
    view.riskTrend = risk - anHourAgo[1];
    this.#changed.add(score.patientId);
  }

  /**
   * Pushes what is new, once; and, after a restart, what clients knew before but have just been shown without: the
   * engine delivers it again while it catches up, behind the snapshot they came back to.
   */
  async #push(transitions: readonly AlertMessage[]): Promise<void> {
    const added = await this.log.append(transitions);
    const isNew = new Set(added.map(({ alert }) => alert));
    const again: AlertMessage[] = [];
    for (const alert of transitions) {
      if (alert.eventTime > this.#clock) this.#clock = alert.eventTime;
      if (!this.log.isNewest(alert)) continue;
      const changed = this.#keepOpen(alert);
      if (changed && !isNew.has(alert)) again.push(alert);
    }
    for (const entry of added) this.alerts$.next(this.log.publish(entry));
    for (const alert of again) this.alerts$.next({ cursor: this.log.cursor, alert });
  }

  /** Keeps the newest record of an alert that is not resolved; false where that was known. */
  #keepOpen(alert: AlertMessage): boolean {
    if (alert.state === 'RESOLVED') return this.openAlerts.delete(alert.alertId);
    const known = this.openAlerts.get(alert.alertId);
    this.openAlerts.set(alert.alertId, alert);
    return known === undefined || known.sequence < alert.sequence;
  }
}

function valuesOf(values: Float32Array, ages: Float32Array, now: number): Record<string, ValueView> {
  const view: Record<string, ValueView> = {};
  VARIABLES.forEach(({ id, unit, decimals }, index) => {
    if (Number.isNaN(values[index])) return;
    view[id] = { value: Number(values[index].toFixed(decimals)), unit, at: now - ages[index] };
  });
  return view;
}
