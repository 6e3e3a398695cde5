import { Subject } from 'rxjs';
import type { TrustState } from '../alerts/trust-notices.js';
import type { LastScore, PatientState } from '../align/patient.js';
import { STALE_MS } from '../clinical/sources.js';
import type { PresentState } from '../clinical/state.js';
import { reasonOf } from '../clinical/trust.js';
import { VARIABLES } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import { FORECAST_IDS, NO_FORECASTS } from '../contract/outcomes.js';
import type { DepartureReason, DoubtView, PatientView, ValueView } from '../contract/protocol.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import type { Departed, Outputs, Score, Sink, StayFacts } from '../engine/outputs.js';
import { type SilentPatient, silentOf } from '../engine/silent.js';
import type { EpochMs } from '../events/event.js';
import { AlertLog, type LoggedAlert } from './alert-log.js';
import { RecentEvents } from './recent-events.js';

const HISTORY = 60;
/** Decimals of the risk of death in a patient's history: more would be sent for nothing. */
const MORTALITY_DIGITS = 4;

/** A patient who is no longer on this ward: the stay is over, they lie on another one, or another process has them now. */
export interface Departure {
  readonly patientId: string;
  readonly wardId: string | null;
  readonly reason: DepartureReason;
}

/** What the ward looks like now: the newest of every patient and the alerts that are not resolved. */
export class WardView implements Sink {
  readonly patients = new Map<string, PatientView>();
  /** Newest transition of each alert that is not resolved. */
  readonly openAlerts = new Map<string, AlertMessage>();
  readonly alerts$ = new Subject<LoggedAlert>();
  readonly departed$ = new Subject<Departure>();
  /** Alerts that are no longer open here, though nobody resolved them: their patients have left. */
  readonly dropped$ = new Subject<readonly AlertMessage[]>();
  /** The ward begins anew, as after a seek: whoever watches needs a new snapshot. */
  readonly reset$ = new Subject<void>();
  /** What the store may not have yet. */
  readonly recent = new RecentEvents();
  /** The order of alert records, for clients that come back. */
  readonly log: AlertLog;
  readonly #states = new Map<string, PatientState>();
  /** Patients of whom the engine keeps nothing in memory, since nothing has come for long. */
  readonly #silent = new Set<string>();
  #changed = new Set<string>();
  #clock = 0;
  readonly #now: (() => EpochMs) | undefined;

  /** `now` is the time of day, where the stream is live: what is old is old also where nothing comes any more. */
  constructor(log = AlertLog.inMemory(), now?: () => EpochMs) {
    this.log = log;
    this.#now = now;
  }

  /** Newest event time seen. */
  get clock(): number {
    return this.#clock;
  }

  /** The time of day, where the stream is live. */
  get now(): EpochMs | undefined {
    return this.#now?.();
  }

  async write(outputs: Outputs): Promise<void> {
    const { admitted, restored, updated, silent, recalled, discharged, released, scores } = outputs;
    const { states, alerts } = outputs;
    this.recent.write(outputs);
    for (const { patient } of restored) this.#restore(patient);
    for (const patient of admitted) this.#admit(patient);
    for (const patient of silent) this.#silence(patient);
    for (const { patient } of recalled) {
      this.#silent.delete(patient.patientId);
      this.#states.set(patient.patientId, patient);
    }
    for (const score of scores) this.#score(score);
    for (const state of outputs.trust) this.#mark(state);
    for (const facts of updated) this.#update(facts);
    for (const { patientId, states: present } of states) this.#showStates(patientId, present);
    const transitions = [...[...restored, ...silent].flatMap(({ alerts: open }) => open), ...alerts];
    if (transitions.length > 0) this.#push(transitions);
    // Who was admitted anew in the same batch is here: only the stay before is over.
    this.#remove(
      discharged.filter(
        ({ patientId, stayId }) => (this.patients.get(patientId)?.stayId ?? stayId) === stayId,
      ),
      'discharged',
    );
    this.#remove(released, 'elsewhere');
  }

  /** Before input is committed, records that were pushed are saved, where the store takes them. */
  flush(): Promise<void> {
    return this.log.flush();
  }

  close(): Promise<void> {
    return this.log.close();
  }

  /** Forgets everything, so that a replay can go on from elsewhere. */
  reset(): void {
    for (const patientId of this.patients.keys()) this.#states.delete(patientId);
    this.#silent.clear();
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
    if (view !== undefined) {
      const isOld = Math.max(this.#clock, this.now ?? 0) - view.lastEventAt > STALE_MS;
      view.stale = isOld || this.#silent.has(patientId);
    }
    return view;
  }

  views(): PatientView[] {
    return [...this.patients.keys()].flatMap((id) => this.view(id) ?? []);
  }

  /** Takes patients off the ward, and with them what is open of theirs: from here nobody could act on it. */
  #remove(patients: readonly Departed[], reason: DepartureReason): void {
    if (patients.length === 0) return;
    const gone = new Set(patients.map(({ patientId }) => patientId));
    for (const patientId of gone) {
      const wardId = this.patients.get(patientId)?.wardId ?? null;
      this.patients.delete(patientId);
      this.#states.delete(patientId);
      this.#silent.delete(patientId);
      this.#changed.delete(patientId);
      this.recent.forget(patientId);
      this.departed$.next({ patientId, wardId, reason });
    }
    const dropped = [...this.openAlerts.values()].filter(
      // A notice of the process itself is of no stay.
      (alert) => alert.stayId !== '' && gone.has(alert.patientId),
    );
    for (const { alertId } of dropped) this.openAlerts.delete(alertId);
    if (dropped.length > 0) this.dropped$.next(dropped);
  }

  #restore(patient: PatientState): void {
    this.#states.set(patient.patientId, patient);
    this.#showAsWas(silentOf(patient, [], []));
  }

  /** Shows a patient of a snapshot as they were: the values with their times, and the risk of death with its. */
  #showAsWas(patient: SilentPatient): void {
    const { patientId, lastEventAt, lastScore, values, ages, states } = patient;
    this.#begin(patient);
    const view = this.patients.get(patientId)!;
    view.values = valuesOf(values, ages, lastEventAt);
    view.lastEventAt = lastEventAt;
    view.states = states;
    view.restored = true;
    if (lastEventAt > this.#clock) this.#clock = lastEventAt;
    if (lastScore === null) return;
    this.#show(view, lastScore);
    view.mortalityHistory.push([lastScore.eventTime, Number(lastScore.mortality.toFixed(MORTALITY_DIGITS))]);
  }

  /** The patient stays on the ward, with what was known last and since when; what it takes to go on from there is let go. */
  #silence(patient: SilentPatient): void {
    const { patientId } = patient;
    if (!this.patients.has(patientId)) this.#showAsWas(patient);
    this.#silent.add(patientId);
    this.#states.delete(patientId);
    this.recent.forget(patientId);
    const { mortalityHistory } = this.patients.get(patientId)!;
    mortalityHistory.splice(0, mortalityHistory.length - 1);
    this.#changed.add(patientId);
  }

  #admit(patient: PatientState): void {
    this.#states.set(patient.patientId, patient);
    this.#begin(patient);
  }

  #begin(
    patient: Pick<PatientState, 'patientId' | 'stayId' | 'wardId' | 'bedId' | 'admittedAt' | 'demographics'>,
  ): void {
    const { patientId, stayId, admittedAt, wardId, bedId, demographics } = patient;
    const before = this.patients.get(patientId);
    const history: PatientView['mortalityHistory'] = [];
    this.patients.set(patientId, {
      patientId,
      stayId,
      wardId,
      bedId,
      placeUnknown: wardId === null,
      admittedAt,
      lastEventAt: admittedAt,
      ageYears: demographics.ageYears,
      sex: demographics.sex,
      mortality: null,
      risk: null,
      ...NO_FORECASTS,
      riskAt: null,
      mortalityTrend: 0,
      riskTrend: 0,
      mortalityHistory: history,
      riskHistory: history,
      news2: null,
      news2Missing: [],
      qsofa: null,
      sofa: null,
      states: [],
      values: {},
      stale: false,
      restored: false,
    });
    this.#changed.add(patientId);
    if (before !== undefined && before.wardId !== wardId)
      this.departed$.next({ patientId, wardId: before.wardId, reason: 'moved' });
  }

  /** Shows what has become known of a stay at once, not only with its next score. */
  #update({ patient: { patientId }, admittedAt, demographics, ...place }: StayFacts): void {
    const view = this.patients.get(patientId);
    if (view === undefined) return;
    this.#place(view, place);
    view.admittedAt = admittedAt;
    view.ageYears = demographics.ageYears;
    view.sex = demographics.sex;
    this.#changed.add(patientId);
  }

  /** Whoever watches the ward that the patient leaves is told. */
  #place(view: PatientView, { wardId, bedId }: Pick<PatientView, 'wardId' | 'bedId'>): void {
    const { patientId, wardId: before } = view;
    view.bedId = bedId;
    if (before === wardId) return;
    view.wardId = wardId;
    view.placeUnknown = wardId === null;
    this.departed$.next({ patientId, wardId: before, reason: 'moved' });
  }

  #score(score: Score): void {
    const view = this.patients.get(score.patientId);
    if (view === undefined) return;
    const { eventTime, mortality, values, ages } = score;
    if (eventTime > this.#clock) this.#clock = eventTime;
    this.#place(view, score);
    view.lastEventAt = eventTime;
    view.restored = false;
    this.#show(view, score);
    view.values = valuesOf(values, ages, eventTime);
    const history = view.mortalityHistory;
    const newest = history.at(-1);
    if (newest === undefined || eventTime - newest[0] >= MINUTE_MS)
      history.push([eventTime, Number(mortality.toFixed(MORTALITY_DIGITS))]);
    if (history.length > HISTORY) history.shift();
    const anHourAgo = history.findLast(([time]) => time <= eventTime - HOUR_MS) ?? history[0];
    view.mortalityTrend = mortality - anHourAgo[1];
    view.riskTrend = view.mortalityTrend;
    this.#changed.add(score.patientId);
  }

  /** Shows what is not used as that, at once. */
  #mark({ patientId, doubts }: TrustState): void {
    const view = this.patients.get(patientId);
    if (view === undefined) return;
    if (doubts.length > 0) view.doubted = doubtedOf(doubts);
    else delete view.doubted;
    this.#changed.add(patientId);
  }

  #show(view: PatientView, score: LastScore): void {
    view.mortality = score.mortality;
    view.risk = score.mortality;
    for (const id of FORECAST_IDS) view[id] = score[id];
    view.riskAt = score.eventTime;
    view.news2 = score.news2;
    view.news2Missing = score.news2Missing;
    view.qsofa = score.qsofa;
    view.sofa = score.sofa;
  }

  #showStates(patientId: string, states: readonly PresentState[]): void {
    const view = this.patients.get(patientId);
    if (view === undefined) return;
    view.states = states;
    this.#changed.add(patientId);
  }

  /**
   * Pushes what is new, once; and, after a restart, what clients knew before but have just been shown without: the
   * engine delivers it again while it catches up, behind the snapshot they came back to.
   */
  #push(transitions: readonly AlertMessage[]): void {
    const added = this.log.append(transitions);
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

function doubtedOf(doubts: TrustState['doubts']): Record<string, DoubtView> {
  const view: Record<string, DoubtView> = {};
  for (const { variable, value, at, code } of doubts) {
    const { id, unit, decimals } = VARIABLES[variable];
    const { id: reason, verdict, words } = reasonOf(code);
    view[id] = { value: Number(value.toFixed(decimals)), unit, at, verdict, reason, words };
  }
  return view;
}

function valuesOf(values: Float32Array, ages: Float32Array, now: number): Record<string, ValueView> {
  const view: Record<string, ValueView> = {};
  VARIABLES.forEach(({ id, unit, decimals }, index) => {
    if (Number.isNaN(values[index])) return;
    view[id] = { value: Number(values[index].toFixed(decimals)), unit, at: now - ages[index] };
  });
  return view;
}
