import { AlertPolicy } from '../alerts/policy.js';
import type { NoteMemory } from '../align/note-memory.js';
import type { Demographics, LastScore, PatientState } from '../align/patient.js';
import type { StatePlace } from '../bus/bus.js';
import type { PresentState } from '../clinical/state.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import type { EpochMs } from '../events/event.js';
import type { RestoredPatient } from './snapshot.js';

/** A patient on the ward of whom nothing has come for long: what is kept in memory of them besides the place of their state in the log. */
export interface SilentPatient {
  readonly patientId: string;
  readonly partition: number;
  readonly stayId: string;
  readonly admittedAt: EpochMs;
  readonly lastEventAt: EpochMs;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly demographics: Demographics;
  readonly lastScore: LastScore | null;
  /** As of `lastEventAt`, in canonical units, and their ages in ms, by variable index; NaN where never seen. */
  readonly values: Float32Array;
  readonly ages: Float32Array;
  /** What notes stated. */
  readonly notes: NoteMemory;
  /** The states that were there. */
  readonly states: readonly PresentState[];
  /** Alerts that are not resolved. */
  readonly alerts: readonly AlertMessage[];
}

/** The silent patients: where the state of each stands in the log. */
export class SilentPatients {
  readonly #places = new Map<string, StatePlace>();

  get size(): number {
    return this.#places.size;
  }

  /** The patient's state is at this place of the log, and nowhere in memory from now on. */
  put(place: StatePlace): void {
    this.#places.set(place.key, place);
  }

  placeOf(patientId: string): StatePlace | undefined {
    return this.#places.get(patientId);
  }

  /** The patient comes back into memory. */
  remove(patientId: string): void {
    this.#places.delete(patientId);
  }

  /** Forgets those of partitions that are another process's now, and returns them. */
  release(partitions: ReadonlySet<number>): { readonly patientId: string; readonly partition: number }[] {
    const released = [...this.#places.values()].filter(({ partition }) => partitions.has(partition));
    for (const { key } of released) this.#places.delete(key);
    return released.map(({ key: patientId, partition }) => ({ patientId, partition }));
  }
}

/** What is kept of a patient who leaves memory with the alerts that are open and the states that are there. */
export function silentOf(
  patient: PatientState,
  alerts: readonly AlertMessage[],
  states: readonly PresentState[],
): SilentPatient {
  const { patientId, partition, stayId, admittedAt, lastEventAt, wardId, bedId, lastScore, notes } = patient;
  const demographics = { ...patient.demographics };
  const values = new Float32Array(VARIABLE_COUNT);
  const ages = new Float32Array(VARIABLE_COUNT);
  patient.timeline.lastKnown(lastEventAt, values, ages);
  const where = { patientId, partition, stayId, wardId, bedId, admittedAt, lastEventAt, demographics };
  return { ...where, lastScore, values, ages, notes, states, alerts };
}

/**
 * The same of a patient as of a snapshot; null where the patient must be in memory: time alone can change an open alert.
 * A technical notice is none: only word of the patient ends it. What else time changes is for `AlertPolicy.isCurrent`.
 */
export function silentIn({ patient, alerts: json }: RestoredPatient): SilentPatient | null {
  const alerts = AlertPolicy.openIn(json);
  const isWaiting = alerts.some(
    (alert) => alert.class !== 'technical' && (alert.state === 'RAISED' || alert.state === 'SNOOZED'),
  );
  return isWaiting ? null : silentOf(patient, alerts, AlertPolicy.statesIn(json));
}
