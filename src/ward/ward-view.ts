import type { TrustState } from '../alerts/trust-notices.js';
import type { NoteMemory } from '../align/note-memory.js';
import type { LastScore, PatientState } from '../align/patient.js';
import type { PresentState } from '../clinical/state.js';
import { reasonOf } from '../clinical/trust.js';
import { VARIABLES } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import { FORECAST_IDS, NO_FORECASTS } from '../contract/outcomes.js';
import type { DepartureReason, DoubtView, PatientView, ValueView } from '../contract/protocol.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import type { Departed, Outputs, Score, Sink, StayFacts } from '../engine/outputs.js';
import { type SilentPatient, silentOf } from '../engine/silent.js';
import { toldOf } from '../engine/told.js';
import type { EpochMs } from '../events/event.js';
import { AlertLog } from './alert-log.js';
import { toldViewOf } from './patient-record.js';
import { WardBoard } from './ward-board.js';

const HISTORY = 60;
/** Decimals of the risk of death in a patient's history: more would be sent for nothing. */
const MORTALITY_DIGITS = 4;

/** The ward as the engine of this process tells it. */
export class WardView extends WardBoard implements Sink {
  override readonly log: AlertLog;
  readonly #states = new Map<string, PatientState>();

  constructor(log = AlertLog.inMemory(), now?: () => EpochMs) {
    super(now);
    this.log = log;
  }

  async write(outputs: Outputs): Promise<void> {
    const { admitted, restored, updated, silent, recalled, discharged, released, scores } = outputs;
    const { states, alerts } = outputs;
    this.recent.write(outputs);
    for (const { patient } of restored) this.#restore(patient);
    for (const patient of admitted) this.#admit(patient);
    for (const patient of silent) this.#silence(patient);
    for (const { patient } of recalled) {
      this.silent.delete(patient.patientId);
      this.liveness.silence(patient.patientId, null);
      this.#states.set(patient.patientId, patient);
    }
    for (const score of scores) this.#score(score);
    for (const state of outputs.trust) this.#mark(state);
    for (const state of outputs.feeds) {
      if (!this.patients.has(state.patientId)) continue;
      this.liveness.noteFeed(state);
      this.change(state.patientId);
    }
    for (const facts of updated) this.#update(facts);
    for (const { patientId, states: present } of states) this.#showStates(patientId, present);
    const transitions = [...[...restored, ...silent].flatMap(({ alerts: open }) => open), ...alerts];
    if (transitions.length > 0) this.#push(transitions);
    // Who was admitted anew in the same batch is here: only the stay before is over.
    this.#leave(
      discharged.filter(
        ({ patientId, stayId }) => (this.patients.get(patientId)?.stayId ?? stayId) === stayId,
      ),
      'discharged',
    );
    this.#leave(released, 'elsewhere');
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
    this.clear();
    this.log.reset();
    this.reset$.next();
  }

  override stateOf(patientId: string): PatientState | undefined {
    return this.#states.get(patientId);
  }

  #leave(patients: readonly Departed[], reason: DepartureReason): void {
    if (patients.length === 0) return;
    for (const { patientId } of patients) this.#states.delete(patientId);
    this.remove(new Set(patients.map(({ patientId }) => patientId)), reason);
  }

  #restore(patient: PatientState): void {
    this.#states.set(patient.patientId, patient);
    this.#showAsWas(silentOf(patient, [], []));
  }

  /** Shows a patient of a snapshot as they were: the values with their times, and the risk of death with its. */
  #showAsWas(patient: SilentPatient): void {
    const { patientId, lastEventAt, lastScore, values, ages, states, notes } = patient;
    this.#begin(patient);
    const view = this.patients.get(patientId)!;
    view.values = valuesOf(values, ages, lastEventAt);
    tell(view, notes, lastEventAt);
    view.lastEventAt = lastEventAt;
    view.states = states;
    view.restored = true;
    this.moveClock(lastEventAt);
    if (lastScore === null) return;
    this.#show(view, lastScore);
    view.mortalityHistory.push([lastScore.eventTime, Number(lastScore.mortality.toFixed(MORTALITY_DIGITS))]);
  }

  /** The patient stays on the ward, with what was known last and since when; what it takes to go on from there is let go. */
  #silence(patient: SilentPatient): void {
    const { patientId } = patient;
    if (!this.patients.has(patientId)) this.#showAsWas(patient);
    this.silent.add(patientId);
    this.liveness.silence(patientId, patient.lastEventAt);
    this.#states.delete(patientId);
    this.recent.forget(patientId);
    const { mortalityHistory } = this.patients.get(patientId)!;
    mortalityHistory.splice(0, mortalityHistory.length - 1);
    this.change(patientId);
  }

  #admit(patient: PatientState): void {
    this.#states.set(patient.patientId, patient);
    this.#begin(patient);
  }

  #begin(
    patient: Pick<
      PatientState,
      'patientId' | 'partition' | 'stayId' | 'wardId' | 'bedId' | 'admittedAt' | 'demographics'
    >,
  ): void {
    const { patientId, stayId, admittedAt, wardId, bedId, demographics } = patient;
    this.liveness.place(patientId, patient.partition);
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
    this.change(patientId);
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
    this.change(patientId);
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
    this.moveClock(eventTime);
    this.#place(view, score);
    view.lastEventAt = eventTime;
    view.restored = false;
    this.#show(view, score);
    view.values = valuesOf(values, ages, eventTime);
    const notes = this.#states.get(score.patientId)?.notes;
    if (notes !== undefined) tell(view, notes, eventTime);
    const history = view.mortalityHistory;
    const newest = history.at(-1);
    if (newest === undefined || eventTime - newest[0] >= MINUTE_MS)
      history.push([eventTime, Number(mortality.toFixed(MORTALITY_DIGITS))]);
    if (history.length > HISTORY) history.shift();
    const anHourAgo = history.findLast(([time]) => time <= eventTime - HOUR_MS) ?? history[0];
    view.mortalityTrend = mortality - anHourAgo[1];
    view.riskTrend = view.mortalityTrend;
    this.change(score.patientId);
  }

  /** Shows what is not used as that, at once. */
  #mark({ patientId, doubts }: TrustState): void {
    const view = this.patients.get(patientId);
    if (view === undefined) return;
    if (doubts.length > 0) view.doubted = doubtedOf(doubts);
    else delete view.doubted;
    this.change(patientId);
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
    this.change(patientId);
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
      this.moveClock(alert.eventTime);
      if (!this.log.isNewest(alert)) continue;
      const changed = this.keepOpen(alert);
      if (changed && !isNew.has(alert)) again.push(alert);
    }
    for (const entry of added) this.alerts$.next(this.log.publish(entry));
    for (const alert of again) this.alerts$.next({ cursor: this.log.cursor, alert });
  }
}

/** Shows what notes stated, at once with the values. */
function tell(view: PatientView, notes: NoteMemory, now: EpochMs): void {
  const values = Object.entries(view.values).map(([variable, { at }]) => ({ variable, at }));
  const told = toldOf(notes, values, now);
  if (told === null) delete view.told;
  else view.told = toldViewOf(told);
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
