import type { TrustState } from '../alerts/trust-notices.js';
import type { NoteMemory } from '../align/note-memory.js';
import type { LastScore, PatientState } from '../align/patient.js';
import type { Position } from '../bus/bus.js';
import type { PresentState } from '../clinical/state.js';
import { reasonOf } from '../clinical/trust.js';
import { VARIABLES } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import type { DoubtNow, PatientNowMessage, ValueNow } from '../contract/now-messages.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';
import type { FeedState } from './feed-watch.js';
import type { Departed, Outputs, Score, StayFacts } from './outputs.js';
import { type SilentPatient, silentOf } from './silent.js';
import { toldOf } from './told.js';

const HISTORY = 60;
/** Decimals of the risk of death in a patient's history: more would be written for nothing. */
const MORTALITY_DIGITS = 4;

/** A patient as they are now; what is derived of it is worked out when it is written. */
export interface Present {
  readonly patientId: string;
  readonly stayId: string;
  readonly partition: number;
  wardId: string | null;
  bedId: string | null;
  admittedAt: EpochMs;
  ageYears: number | null;
  sex: string | null;
  eventTime: EpochMs;
  score: LastScore | null;
  mortalityTrend: number;
  readonly mortalityHistory: { at: EpochMs; mortality: number }[];
  states: readonly PresentState[];
  /** By variable index; NaN where never seen. Null before the first score. */
  values: Float32Array | null;
  /** Their ages at `eventTime`, in ms. */
  ages: Float32Array | null;
  doubts: TrustState['doubts'];
  /** What notes stated, as the stream goes on. */
  notes: NoteMemory;
  /** How values come; null: not known. */
  feed: Omit<FeedState, 'patientId'> | null;
  isSilent: boolean;
  isRestored: boolean;
  /** Newest record of each alert that is not resolved. */
  readonly alerts: Map<string, AlertMessage>;
}

/** A patient of whom what a ward would see has changed. */
export interface ChangedPatient {
  readonly patientId: string;
  readonly partition: number;
  /** As they are now, without what only who writes it knows. */
  readonly now: Omit<PatientNowMessage, 'engine' | 'alerts'>;
  readonly alerts: readonly AlertMessage[];
  /** The stay is over: this is its last record. */
  readonly isOver: boolean;
  readonly source: Present;
}

/** The newest of every patient whom an engine watches, as results come; and who of them has changed since it was asked last. */
export class PresentPatients {
  readonly #patients = new Map<string, Present>();
  readonly #changed = new Set<string>();
  /** Discharged, with what was known last. */
  readonly #over = new Map<string, Present>();
  readonly #positions = new Map<number, Record<string, number>>();

  /** Patients on the ward. */
  get size(): number {
    return this.#patients.size;
  }

  /** Takes results. Gives those of whom it has learnt from a snapshot: they are as the log has them, unless it has not. */
  write(outputs: Outputs): readonly Departed[] {
    const learnt: Departed[] = [];
    for (const { patient, alerts } of outputs.restored) {
      if (!this.#patients.has(patient.patientId)) learnt.push(patient);
      this.#showAsWas(silentOf(patient, alerts, []));
    }
    for (const patient of outputs.admitted) {
      this.#begin(patient);
      this.#changed.add(patient.patientId);
    }
    for (const patient of outputs.silent) if (!this.#silence(patient)) learnt.push(patient);
    for (const { patient } of outputs.recalled) {
      const present = this.#patients.get(patient.patientId);
      if (present === undefined) continue;
      present.isSilent = false;
      present.notes = patient.notes;
    }
    for (const score of outputs.scores) this.#score(score);
    for (const { patientId, doubts } of outputs.trust)
      this.#change(patientId, (each) => setDoubts(each, doubts));
    for (const { patientId, ...feed } of outputs.feeds) {
      this.#change(patientId, (present) => {
        present.feed = feed;
      });
    }
    for (const facts of outputs.updated) this.#update(facts);
    for (const { patientId, states } of outputs.states) {
      this.#change(patientId, (present) => {
        present.states = states;
      });
    }
    for (const alert of outputs.alerts) this.#keepAlert(alert);
    for (const { patientId, stayId } of outputs.discharged) this.#discharge(patientId, stayId);
    for (const { patientId } of outputs.released) this.#forget(patientId);
    for (const position of outputs.positions) this.#note(position);
    return learnt;
  }

  /** The patient is to be written although nothing has changed. */
  touch(patientId: string): void {
    if (this.#patients.has(patientId) || this.#over.has(patientId)) this.#changed.add(patientId);
  }

  /** All of a partition are to be written. */
  touchAll(partition: number): void {
    for (const present of this.#patients.values())
      if (present.partition === partition) this.#changed.add(present.patientId);
  }

  /** Patients of a partition on the ward. */
  count(partition: number): number {
    let count = 0;
    for (const present of this.#patients.values()) if (present.partition === partition) count++;
    return count;
  }

  /** Whether a patient of the partition is on the ward, or is yet to be told to have left. */
  has(patientId: string, partition: number): boolean {
    const present = this.#patients.get(patientId) ?? this.#over.get(patientId);
    return present?.partition === partition;
  }

  /** Whether anybody has changed since they were taken. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Those who have changed since, of the partitions that are wanted. */
  takeChanged(isWanted: (partition: number) => boolean): ChangedPatient[] {
    const taken: ChangedPatient[] = [];
    for (const patientId of this.#changed) {
      const here = this.#patients.get(patientId);
      const present = here ?? this.#over.get(patientId);
      if (present === undefined) this.#changed.delete(patientId);
      else if (isWanted(present.partition)) {
        this.#changed.delete(patientId);
        this.#over.delete(patientId);
        taken.push(this.#changedOf(present, here === undefined));
      }
    }
    return taken;
  }

  /** What was taken has not been written: it is to be taken again, unless newer has come. */
  giveBack({ patientId, isOver, source }: ChangedPatient): void {
    const isHere = this.#patients.has(patientId);
    if (isOver && !isHere && !this.#over.has(patientId)) this.#over.set(patientId, source);
    this.touch(patientId);
  }

  #begin(
    patient: Pick<
      PatientState,
      'patientId' | 'stayId' | 'partition' | 'wardId' | 'bedId' | 'admittedAt' | 'demographics' | 'notes'
    >,
  ): Present {
    const { patientId, stayId, partition, wardId, bedId, admittedAt, demographics, notes } = patient;
    const { ageYears, sex } = demographics;
    const present: Present = {
      ...unknown(patientId, partition, notes),
      stayId,
      wardId,
      bedId,
      admittedAt,
      ageYears,
      sex,
      eventTime: admittedAt,
    };
    this.#patients.set(patientId, present);
    this.#over.delete(patientId);
    return present;
  }

  /** A patient of a snapshot as they were: the values with their times, and the risk of death with its. */
  #showAsWas(patient: SilentPatient): Present {
    const { lastEventAt, lastScore, values, ages, states, alerts } = patient;
    const present = this.#begin(patient);
    Object.assign(present, {
      values,
      ages,
      states,
      eventTime: lastEventAt,
      isRestored: true,
      score: lastScore,
    });
    for (const alert of alerts) if (alert.state !== 'RESOLVED') present.alerts.set(alert.alertId, alert);
    if (lastScore !== null) present.mortalityHistory.push(pastOf(lastScore));
    return present;
  }

  /** False where it is of somebody who was not known. */
  #silence(patient: SilentPatient): boolean {
    const known = this.#patients.get(patient.patientId);
    if (known === undefined) {
      this.#showAsWas(patient).isSilent = true;
      return false;
    }
    known.isSilent = true;
    known.mortalityHistory.splice(0, known.mortalityHistory.length - 1);
    this.#changed.add(patient.patientId);
    return true;
  }

  /** Shows what has become known of a stay at once, not only with its next score. */
  #update({ patient: { patientId }, admittedAt, demographics, wardId, bedId }: StayFacts): void {
    const { ageYears, sex } = demographics;
    this.#change(patientId, (present) =>
      Object.assign(present, { admittedAt, wardId, bedId, ageYears, sex }),
    );
  }

  #score(score: Score): void {
    const { eventTime, mortality, values, ages, wardId, bedId } = score;
    this.#change(score.patientId, (present) => {
      Object.assign(present, { eventTime, score, values, ages, wardId, bedId, isRestored: false });
      const history = present.mortalityHistory;
      const newest = history.at(-1);
      if (newest === undefined || eventTime - newest.at >= MINUTE_MS) history.push(pastOf(score));
      if (history.length > HISTORY) history.shift();
      const anHourAgo = history.findLast(({ at }) => at <= eventTime - HOUR_MS) ?? history[0];
      present.mortalityTrend = mortality - anHourAgo.mortality;
    });
  }

  #keepAlert(alert: AlertMessage): void {
    const alerts = this.#patients.get(alert.patientId)?.alerts;
    if (alerts === undefined || alert.sequence < (alerts.get(alert.alertId)?.sequence ?? 0)) return;
    if (alert.state === 'RESOLVED') alerts.delete(alert.alertId);
    else alerts.set(alert.alertId, alert);
    this.#changed.add(alert.patientId);
  }

  /** Who was admitted anew in the same batch is here: only the stay before is over. */
  #discharge(patientId: string, stayId: string): void {
    const present = this.#patients.get(patientId);
    if (present === undefined || present.stayId !== stayId) return;
    this.#patients.delete(patientId);
    this.#over.set(patientId, present);
    this.#changed.add(patientId);
  }

  /** Another process writes of the patient from now on. */
  #forget(patientId: string): void {
    this.#patients.delete(patientId);
    this.#over.delete(patientId);
    this.#changed.delete(patientId);
  }

  #change(patientId: string, change: (present: Present) => void): void {
    const present = this.#patients.get(patientId);
    if (present === undefined) return;
    change(present);
    this.#changed.add(patientId);
  }

  #note({ topic, partition, offset }: Position): void {
    const positions = this.#positions.get(partition) ?? {};
    positions[topic] = offset;
    this.#positions.set(partition, positions);
  }

  #changedOf(present: Present, isOver: boolean): ChangedPatient {
    const {
      patientId,
      partition,
      score,
      values,
      ages,
      doubts,
      notes,
      isSilent,
      isRestored,
      alerts,
      ...facts
    } = present;
    const last = values === null || ages === null ? [] : valuesOf(values, ages, facts.eventTime);
    const { mortalityHistory, states } = facts;
    const now = {
      ...facts,
      patientId,
      partition,
      mortalityHistory: [...mortalityHistory],
      states: [...states],
      ...scoresOf(score),
      values: last,
      doubted: doubts.map(doubtOf),
      told: values === null ? null : toldOf(notes, last, facts.eventTime),
      silent: isSilent,
      restored: isRestored,
      positions: { ...this.#positions.get(partition) },
    };
    return { patientId, partition, now, alerts: [...alerts.values()], isOver, source: present };
  }
}

function setDoubts(present: Present, doubts: TrustState['doubts']): void {
  present.doubts = doubts;
}

/** Nothing is known of the patient. */
function unknown(patientId: string, partition: number, notes: NoteMemory): Present {
  return {
    patientId,
    stayId: '',
    partition,
    wardId: null,
    bedId: null,
    admittedAt: 0,
    ageYears: null,
    sex: null,
    eventTime: 0,
    score: null,
    mortalityTrend: 0,
    mortalityHistory: [],
    states: [],
    values: null,
    ages: null,
    doubts: [],
    notes,
    feed: null,
    isSilent: false,
    isRestored: false,
    alerts: new Map(),
  };
}

function pastOf({ eventTime, mortality }: LastScore): { at: EpochMs; mortality: number } {
  return { at: eventTime, mortality: Number(mortality.toFixed(MORTALITY_DIGITS)) };
}

function scoresOf(score: LastScore | null) {
  return {
    scoredAt: score?.eventTime ?? null,
    mortality: score?.mortality ?? null,
    circulatory: score?.circulatory ?? null,
    hypotension: score?.hypotension ?? null,
    respiratory: score?.respiratory ?? null,
    sepsis: score?.sepsis ?? null,
    deterioration: score?.deterioration ?? null,
    news2: score?.news2 ?? null,
    news2Missing: [...(score?.news2Missing ?? [])],
    qsofa: score?.qsofa ?? null,
    sofa: score?.sofa ?? null,
  };
}

function valuesOf(values: Float32Array, ages: Float32Array, now: EpochMs): ValueNow[] {
  return VARIABLES.flatMap(({ id: variable, unit, decimals }, index) => {
    if (Number.isNaN(values[index])) return [];
    return [
      { variable, value: Number(values[index].toFixed(decimals)), unit, at: Math.round(now - ages[index]) },
    ];
  });
}

function doubtOf({ variable, value, at, code }: TrustState['doubts'][number]): DoubtNow {
  const { id, unit, decimals } = VARIABLES[variable];
  const { id: reason, verdict, words } = reasonOf(code);
  return { variable: id, value: Number(value.toFixed(decimals)), unit, at, verdict, reason, words };
}
