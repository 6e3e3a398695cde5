import type { AlertPolicy } from '../alerts/policy.js';
import type { Aligner, AlignOptions } from '../align/aligner.js';
import type { DischargedStay } from '../align/discharged.js';
import type { AppliedTo, PatientState } from '../align/patient.js';
import type {
  Consumer,
  LogState,
  Position,
  StateChange,
  StateEntry,
  StateLog,
  StatePlace,
} from '../bus/bus.js';
import type { PatientSnapshotMessage } from '../contract/messages.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { ClinicalEvent, EpochMs } from '../events/event.js';
import type { ValidationLimits } from '../events/validate.js';
import type { MicroBatcher } from '../inference/batcher.js';
import type { ModelConfig } from '../inference/model.js';
import type { EncodeStage } from './encode.js';
import type { Outputs } from './outputs.js';
import { SAME_LOGS, validPositions, withIds } from './positions.js';
import { rebuild } from './rebuild.js';
import type { SchemaLoader } from './schema-loader.js';
import { type SilentPatient, type SilentPatients, silentIn, silentOf } from './silent.js';
import {
  compressed,
  dischargeOf,
  type LostPatient,
  lostPatientOf,
  type RestoredDischarge,
  type RestoredPatient,
  restoreDischarge,
  restorePatient,
  snapshotOf,
} from './snapshot.js';

export interface CheckpointOptions {
  readonly log: StateLog;
  readonly codec: MessageCodec;
  readonly schemas: SchemaLoader;
  readonly model: ModelConfig;
  readonly align: AlignOptions & { readonly reorderWindowMs: number };
  readonly limits: ValidationLimits;
  readonly encoding: EncodeStage;
  /** Told how many patients' snapshots are of no use, before their past is read again. */
  readonly onLost: (patients: number) => void;
  readonly aligner: Aligner;
  readonly batcher: MicroBatcher;
  readonly policy: AlertPolicy;
  readonly silent: SilentPatients;
  /** A patient of whom nothing has come for so long leaves memory; 0: never. */
  readonly evictAfterMs: number;
  /** The clock's time. */
  readonly now: () => EpochMs;
  /** Event time up to which all of a partition is dealt with; undefined where that is not known yet. */
  readonly watermarkOf: (partition: number) => EpochMs | undefined;
}

/** What a state topic knows of partitions. */
export interface RestoredState {
  readonly restored: readonly RestoredPatient[];
  readonly discharged: readonly RestoredDischarge[];
  readonly silent: readonly SilentPatient[];
}

/** A patient who stays out of memory. */
interface Left {
  readonly place: StatePlace;
  readonly silent: SilentPatient;
}

/** What a checkpoint needs of the running engine. */
export interface CheckpointTools {
  readonly consumer: Pick<Consumer, 'commit' | 'recommit'>;
  /** Calls back when nothing is under way, and lets nothing in meanwhile. */
  atRest<Result>(call: () => Result): Promise<Result>;
  /** Resolves when all results handed to the sinks are safe. */
  flush(): Promise<void>;
}

interface Copy {
  readonly partition: number;
  readonly snapshot: PatientSnapshotMessage;
}

/** Snapshots taken at once: so long the stream stands still. */
const CHUNK = 32;
/** So long after a discharge the stay is remembered, in event time. */
const REMEMBER_DISCHARGE_MS = 24 * 3_600_000;

/**
 * Keeps the state of patients in a log and decides how far the input is committed: never beyond what the log holds. After
 * a restart the input is read again from there. Each snapshot says how far the input was applied when it was taken, so what
 * is read again and is in it already, however much that is, changes nothing.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #changed = new Set<string>();
  /** Patients whose snapshot is to be replaced, once they are here. */
  readonly #outdated = new Set<string>();
  /** What is to be committed, by topic and partition. */
  readonly #positions = new Map<string, Position>();
  /** What the write under way will commit. */
  #committing = new Map<string, Position>();
  /** What the write under way will append to the log next. */
  #copies: readonly StateChange[] = [];
  /** By partition and topic, how far the input is dealt with. */
  readonly #reached = new Map<number, Record<string, number>>();
  /** Where the last snapshot of each patient in memory stands in the log. */
  readonly #places = new Map<string, StatePlace>();
  /** The topics as of the newest assignment: what positions are places in. */
  #logs: LogState = SAME_LOGS;
  /** By partition, event time of the newest observation that was dealt with. */
  readonly #newest = new Map<number, EpochMs>();
  /** States of patients written so far. */
  written = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** Takes note of outputs that every sink has. */
  note({ patients, alerts, restored, recalled, released, positions, observations }: Outputs): void {
    for (const { patient } of [...restored, ...recalled]) {
      if (this.#outdated.delete(patient.patientId)) this.#changed.add(patient.patientId);
    }
    for (const patientId of patients) this.#changed.add(patientId);
    for (const { patientId } of alerts) this.#changed.add(patientId);
    for (const { patientId } of released) this.#changed.delete(patientId);
    for (const position of positions) {
      const { topic, partition, offset } = position;
      this.#positions.set(`${topic}/${partition}`, position);
      const reached = this.#reached.get(partition) ?? {};
      reached[topic] = offset;
      this.#reached.set(partition, reached);
    }
    for (const { partition, eventTime } of observations) {
      if (!(eventTime <= (this.#newest.get(partition) ?? Number.NEGATIVE_INFINITY))) {
        this.#newest.set(partition, eventTime);
      }
    }
  }

  /**
   * Writes what changed since the last call, some patients at a time, then commits what was dealt with before the first of
   * them, then forgets stays that ended long before that. Between two copies the stream goes on: each snapshot has its own place in the input. Where the process may have
   * lost its partitions, or the bus is away, the rest is left to the next call.
   */
  async write({ consumer, atRest, flush }: CheckpointTools): Promise<void> {
    if (this.#changed.size + this.#positions.size === 0 || !(await consumer.recommit())) return;
    const { log, aligner } = this.#options;
    const positions = new Map(this.#positions);
    const newest = new Map(this.#newest);
    this.#committing = positions;
    const patients = [...this.#changed];
    this.#changed.clear();
    for (let start = 0; start < patients.length; start += CHUNK) {
      const some = patients.slice(start, start + CHUNK);
      const copies = await atRest(() => some.flatMap((patientId) => this.#copyOf(patientId)));
      this.#copies = await Promise.all(copies.map((copy) => this.#changeOf(copy)));
      // What a snapshot has in it is not read again: its results must be safe first.
      await flush();
      for (const place of await log.write(this.#copies)) this.#places.set(place.key, place);
      this.written += some.length;
    }
    if (patients.length === 0) await flush();
    if (!(await consumer.commit([...positions.values()]))) return;
    for (const [key, position] of positions) {
      if (this.#positions.get(key) === position) this.#positions.delete(key);
    }
    // Only now: a stay without its snapshot of which a part were read again would be taken for another one.
    const committed = new Set([...positions.values()].map(({ partition }) => partition));
    const readTo = (partition: number) => (committed.has(partition) ? newest.get(partition) : undefined);
    const forgotten = aligner.forgetDischarged(
      (partition) => (readTo(partition) ?? Number.NEGATIVE_INFINITY) - REMEMBER_DISCHARGE_MS,
    );
    await log.write(forgotten.map(({ patientId: key, partition }) => ({ key, partition, value: null })));
    for (const { patientId } of forgotten) this.#places.delete(patientId);
  }

  /** The partitions are given up: what was to be written and committed of them is void. Called once all of theirs is dealt with. */
  forget(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#reached.delete(partition);
      this.#newest.delete(partition);
    }
    for (const noted of [this.#positions, this.#committing]) {
      for (const [key, { partition }] of noted) if (partitions.includes(partition)) noted.delete(key);
    }
    this.#copies = this.#copies.filter(({ partition }) => !partitions.includes(partition));
    for (const { key, partition } of this.#places.values()) {
      if (partitions.includes(partition)) this.#places.delete(key);
    }
  }

  /**
   * Restores the partitions: their patients as of the last snapshot, but for those who have been silent so long that they stay
   * in the log. The past of those that cannot be restored is read again.
   */
  async restore(partitions: readonly number[], logs: LogState = SAME_LOGS): Promise<RestoredState> {
    this.#logs = logs;
    const { log, silent } = this.#options;
    const entries: StateEntry[] = [];
    const left: Left[] = [];
    for (const taken of await log.restore(partitions, (entry) => this.#leave(entry) ?? entry)) {
      if ('silent' in taken) left.push(taken);
      else entries.push(taken);
    }
    for (const { place } of left) silent.put(place);
    return { ...(await this.#restoreFrom(entries, logs)), silent: left.map((each) => each.silent) };
  }

  /** The silent patients that events are of. */
  silentAmong(events: readonly ClinicalEvent[]): StatePlace[] {
    const { silent } = this.#options;
    if (silent.size === 0) return [];
    const patients = new Set(events.map(({ patientId }) => patientId));
    return [...patients].flatMap((patientId) => silent.placeOf(patientId) ?? []);
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

  /** Silent patients as they were, to be in memory again. */
  async recall(places: readonly StatePlace[]): Promise<readonly RestoredPatient[]> {
    const { log, silent } = this.#options;
    const { restored } = await this.#restoreFrom(await log.read(places), this.#sameLogs);
    for (const { key } of places) silent.remove(key);
    return restored;
  }

  /** A silent patient as they are, to be looked at; null where there is none. */
  async lookUp(patientId: string): Promise<RestoredPatient | null> {
    const { log, silent } = this.#options;
    const place = silent.placeOf(patientId);
    if (place === undefined) return null;
    return (await this.#restoreFrom(await log.read([place]), this.#sameLogs)).restored[0] ?? null;
  }

  /**
   * Lets patients leave memory of whom nothing has come for long, whose state is in the log as it is, and of whom no alert waits for its
   * time. `left` is told while nothing is under way.
   */
  async evict(
    { atRest }: Pick<CheckpointTools, 'atRest'>,
    left: (silent: readonly SilentPatient[]) => void,
  ): Promise<void> {
    if (this.#evictable().length === 0) return;
    const { aligner, policy, silent } = this.#options;
    await atRest(() => {
      const patients = this.#evictable();
      left(patients.map((patient) => silentOf(patient, policy.openOf(patient.patientId))));
      for (const { patientId } of patients) {
        silent.put(this.#places.get(patientId) as StatePlace);
        this.#places.delete(patientId);
        aligner.patients.delete(patientId);
        policy.release(patientId);
      }
    });
  }

  #evictable(): PatientState[] {
    const { aligner, policy, evictAfterMs, watermarkOf } = this.#options;
    if (evictAfterMs === 0) return [];
    return [...aligner.patients.values()].filter(
      ({ patientId, partition, lastEventAt }) =>
        lastEventAt < (watermarkOf(partition) ?? Number.NEGATIVE_INFINITY) - evictAfterMs &&
        this.#places.has(patientId) &&
        !this.#changed.has(patientId) &&
        !policy.isWaiting(patientId),
    );
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
    // Where rules have changed, alerts end: for that the patient must be here.
    if (patient === null || !policy.isCurrent(patient.alerts)) return null;
    const silent = silentIn(patient);
    return silent === null ? null : { place: { key, partition, offset }, silent };
  }

  async #restoreFrom(entries: readonly StateEntry[], logs: LogState): Promise<Omit<RestoredState, 'silent'>> {
    const { codec, model, align, onLost } = this.#options;
    const { dedupeWindow } = align;
    const restored: RestoredPatient[] = [];
    const discharged: RestoredDischarge[] = [];
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
      if (patient !== null) {
        restored.push(patient);
        this.#places.set(key, { key, partition, offset });
      } else lost.push(...[lostPatientOf(snapshot, partition)].flatMap((each) => each ?? []));
    }
    if (lost.length > 0) {
      onLost(lost.length);
      restored.push(...(await rebuild(lost, this.#options)));
    }
    for (const { patient, fill } of restored) if (fill === null) this.#outdated.add(patient.patientId);
    return { restored, discharged };
  }

  #copyOf(patientId: string): Copy[] {
    const { aligner, batcher, policy, model } = this.#options;
    const patient = aligner.patients.get(patientId);
    const stay = aligner.dischargedStay(patientId);
    const partition = patient?.partition ?? stay?.partition;
    if (partition === undefined) return [];
    const applied = furthest(patient?.appliedTo ?? stay?.appliedTo ?? {}, this.#reached.get(partition));
    const positions = withIds(applied, (topic) => this.#logs.idOf(topic));
    if (patient === undefined) {
      const cacheOf = (state: PatientState) => batcher.cacheOf(state);
      return [{ partition, snapshot: dischargeOf(stay as DischargedStay, cacheOf, model, positions) }];
    }
    const alerts = policy.stateOf(patientId);
    const cache = batcher.cacheOf(patient);
    return [{ partition, snapshot: snapshotOf(patient, cache, alerts, model, positions) }];
  }

  async #changeOf({ partition, snapshot }: Copy): Promise<StateChange> {
    const value = this.#options.codec.encode('PatientSnapshot', await compressed(snapshot));
    return { key: snapshot.patientId, partition, value };
  }
}

/** How far either has got: what is read again after a restart is behind what is in a snapshot already. */
function furthest(appliedTo: AppliedTo, reached: AppliedTo = {}): AppliedTo {
  const positions: Record<string, number> = { ...appliedTo };
  for (const [topic, offset] of Object.entries(reached)) {
    positions[topic] = Math.max(offset, positions[topic] ?? 0);
  }
  return positions;
}
