import type { AlertPolicy } from '../alerts/policy.js';
import type { LogState, StateEntry, StatePlace } from '../bus/bus.js';
import { DecodeFailure } from '../events/codec.js';
import type { EpochMs } from '../events/event.js';
import type { ModelConfig } from '../inference/model.js';
import { SAME_LOGS, validPositions } from './positions.js';
import { type RebuildOptions, rebuild } from './rebuild.js';
import { type SilentPatient, type SilentPatients, silentIn } from './silent.js';
import {
  type LostPatient,
  lostPatientOf,
  type RestoredDischarge,
  type RestoredPatient,
  restoreDischarge,
  restorePatient,
} from './snapshot.js';

export interface RestorerOptions extends RebuildOptions {
  readonly model: ModelConfig;
  /** Told how many patients' snapshots are of no use, before their past is read again. */
  readonly onLost: (patients: number) => void;
  readonly policy: AlertPolicy;
  readonly silent: SilentPatients;
  /** A patient of whom nothing has come for so long leaves memory; 0: never. */
  readonly evictAfterMs: number;
  /** The clock's time. */
  readonly now: () => EpochMs;
}

/** What snapshots became. */
export interface Restored {
  readonly restored: readonly RestoredPatient[];
  readonly discharged: readonly RestoredDischarge[];
  /** Where the snapshots of `restored` stand in the log. */
  readonly places: readonly StatePlace[];
}

/** What a state topic knows of partitions. */
export interface RestoredState extends Restored {
  readonly silent: readonly SilentPatient[];
}

/** A patient who stays out of memory. */
interface Left {
  readonly place: StatePlace;
  readonly silent: SilentPatient;
}

/** Makes patients of their snapshots in the log of states. The past of those whose snapshot cannot be used is read again. */
export class Restorer {
  readonly #options: RestorerOptions;
  /** The topics as of the newest assignment: what positions are places in. */
  #logs: LogState = SAME_LOGS;

  constructor(options: RestorerOptions) {
    this.#options = options;
  }

  /** Which topic the name is of. */
  idOf(topic: string): string | undefined {
    return this.#logs.idOf(topic);
  }

  /**
   * The patients of partitions as of their last snapshots, but for those who have been silent so long that they stay in the
   * log.
   */
  async restore(partitions: readonly number[], logs: LogState): Promise<RestoredState> {
    this.#logs = logs;
    const { log, silent } = this.#options;
    const entries: StateEntry[] = [];
    const left: Left[] = [];
    for (const taken of await log.restore(partitions, (entry) => this.#leave(entry) ?? entry)) {
      if ('silent' in taken) left.push(taken);
      else entries.push(taken);
    }
    for (const { place } of left) silent.put(place);
    return { ...(await this.#from(entries, logs)), silent: left.map((each) => each.silent) };
  }

  /** Patients who stayed in the log, as they were. */
  async read(places: readonly StatePlace[]): Promise<Restored> {
    return this.#from(await this.#options.log.read(places), this.#sameLogs);
  }

  /** Topics by their ids; where they end now is not known. */
  get #sameLogs(): LogState {
    const logs = this.#logs;
    return {
      ...SAME_LOGS,
      idOf: (topic) => logs.idOf(topic),
      tellAnother: (topic, partition, offset) => logs.tellAnother?.(topic, partition, offset),
    };
  }

  /** What is kept of an entry whose patient stays in the log; null of others. */
  #leave({ key, partition, offset, value }: StateEntry): Left | null {
    const { codec, evictAfterMs, now, model, align, policy } = this.#options;
    if (evictAfterMs === 0) return null;
    const snapshot = codec.decode('PatientSnapshot', value);
    if (snapshot instanceof DecodeFailure || snapshot.stayId === '') return null;
    if (snapshot.eventTime >= now() - evictAfterMs) return null;
    // Only to tell of what is none of these logs: the patient may not come back for long.
    validPositions(snapshot.positions, partition, this.#logs);
    const { dedupeWindow } = align;
    const patient = restorePatient(snapshot, { partition, dedupeWindow, model });
    // Where rules have changed, or by time, alerts end: for that the patient must be here.
    if (patient === null || !policy.isCurrent(patient.alerts)) return null;
    const silent = silentIn(patient);
    return silent === null ? null : { place: { key, partition, offset }, silent };
  }

  async #from(entries: readonly StateEntry[], logs: LogState): Promise<Restored> {
    const { codec, model, align, onLost } = this.#options;
    const { dedupeWindow } = align;
    const restored: RestoredPatient[] = [];
    const discharged: RestoredDischarge[] = [];
    const places: StatePlace[] = [];
    const lost: LostPatient[] = [];
    for (const { key, partition, offset, value } of entries) {
      const decoded = codec.decode('PatientSnapshot', value);
      if (decoded instanceof DecodeFailure) continue;
      const snapshot = { ...decoded, positions: validPositions(decoded.positions, partition, logs) };
      const options = { partition, dedupeWindow, model };
      const stay = restoreDischarge(snapshot, options);
      if (stay !== null) {
        discharged.push(stay);
        continue;
      }
      const patient = restorePatient(snapshot, options);
      const again = patient === null ? lostPatientOf(snapshot, partition) : null;
      if (again !== null) lost.push(again);
      if (patient === null) continue;
      restored.push(patient);
      places.push({ key, partition, offset });
    }
    if (lost.length > 0) {
      onLost(lost.length);
      restored.push(...(await rebuild(lost, this.#options)));
    }
    return { restored, discharged, places };
  }
}
