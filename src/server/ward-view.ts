import { Subject } from 'rxjs';
import type { PatientState } from '../align/patient.js';
import { VARIABLES } from '../clinical/variables.js';
import type { Outputs, Score, Sink } from '../engine/outputs.js';
import type { AlertMessage } from '../events/messages.js';
import type { PatientView, ValueView } from './protocol.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STALE_MS = 15 * MINUTE_MS;
const HISTORY = 60;
/** Transitions kept for clients that come back. */
const LOG_CAPACITY = 10_000;

/** A transition with its place in the order of all transitions. */
export interface LoggedAlert {
  readonly cursor: number;
  readonly alert: AlertMessage;
}

/** What the ward looks like now: the newest of every patient and the alerts that are not resolved. */
export class WardView implements Sink {
  readonly patients = new Map<string, PatientView>();
  /** Newest transition of each alert that is not resolved. */
  readonly openAlerts = new Map<string, AlertMessage>();
  readonly alerts$ = new Subject<LoggedAlert>();
  readonly discharged$ = new Subject<string>();
  readonly #log: LoggedAlert[] = [];
  readonly #states = new Map<string, PatientState>();
  #changed = new Set<string>();
  #cursor = 0;
  #clock = 0;

  /** Newest event time seen. */
  get clock(): number {
    return this.#clock;
  }

  /** Place of the newest alert transition. */
  get cursor(): number {
    return this.#cursor;
  }

  async write({ admitted, restored, discharged, released, scores, alerts }: Outputs): Promise<void> {
    for (const { patient, alerts: open } of restored) {
      this.#admit(patient);
      for (const alert of open) this.#alert(alert);
    }
    for (const patient of admitted) this.#admit(patient);
    for (const score of scores) this.#score(score);
    for (const alert of alerts) this.#alert(alert);
    for (const { patientId } of [...discharged, ...released]) {
      this.patients.delete(patientId);
      this.#states.delete(patientId);
      this.#changed.delete(patientId);
      this.discharged$.next(patientId);
    }
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

  /** The transitions after a cursor, or null where they are no longer all here. */
  alertsAfter(cursor: number): readonly LoggedAlert[] | null {
    if (cursor > this.#cursor) return null;
    const missed = this.#cursor - cursor;
    return missed > this.#log.length ? null : this.#log.slice(this.#log.length - missed);
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
    view.wardId = score.wardId;
    view.bedId = score.bedId;
    view.lastEventAt = eventTime;
    view.risk = risk;
    view.riskAt = eventTime;
    view.news2 = score.news2;
    view.news2Missing = score.news2Missing;
    view.qsofa = score.qsofa;
    view.values = valuesOf(values, ages, eventTime);
    const history = view.riskHistory;
    const newest = history.at(-1);
    if (newest === undefined || eventTime - newest[0] >= MINUTE_MS) history.push([eventTime, risk]);
    if (history.length > HISTORY) history.shift();
    const anHourAgo = history.findLast(([time]) => time <= eventTime - HOUR_MS) ?? history[0];
    view.riskTrend = risk - anHourAgo[1];
    this.#changed.add(score.patientId);
  }

  #alert(alert: AlertMessage): void {
    const logged = { cursor: ++this.#cursor, alert };
    this.#log.push(logged);
    if (this.#log.length > LOG_CAPACITY) this.#log.shift();
    if (alert.state === 'RESOLVED') this.openAlerts.delete(alert.alertId);
    else this.openAlerts.set(alert.alertId, alert);
    this.alerts$.next(logged);
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
