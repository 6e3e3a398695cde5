import type { AlertPolicy } from '../alerts/policy.js';
import type { Aligner, AlignOptions } from '../align/aligner.js';
import type { AppliedTo, DischargedStay } from '../align/patient.js';
import type { Consumer, Position, StateChange, StateLog } from '../bus/bus.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { PatientSnapshotMessage } from '../events/messages.js';
import type { ValidationLimits } from '../events/validate.js';
import type { MicroBatcher } from '../inference/batcher.js';
import type { ModelConfig } from '../inference/model.js';
import type { EncodeStage } from './encode.js';
import type { Outputs } from './outputs.js';
import { rebuild } from './rebuild.js';
import type { SchemaLoader } from './schema-loader.js';
import {
  compressed,
  dischargeOf,
  type LostPatient,
  lostPatientOf,
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
}

/** What a state topic knows of partitions. */
export interface RestoredState {
  readonly restored: readonly RestoredPatient[];
  readonly discharged: readonly DischargedStay[];
}

/** What a checkpoint needs of the running engine. */
export interface CheckpointTools {
  readonly consumer: Pick<Consumer, 'commit' | 'confirm'>;
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
  #newest = Number.NEGATIVE_INFINITY;
  /** States of patients written so far. */
  written = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** Takes note of outputs that every sink has. */
  note({ patients, alerts, restored, released, positions, observations }: Outputs): void {
    for (const { patient } of restored) {
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
    this.#newest = Math.max(this.#newest, observations.at(-1)?.eventTime ?? this.#newest);
  }

  /**
   * Writes what changed since the last call, some patients at a time, then commits what was dealt with before the first of
   * them. Between two copies the stream goes on: each snapshot has its own place in the input. Where the process may have
   * lost its partitions, or the bus is away, the rest is left to the next call.
   */
  async write({ consumer, atRest, flush }: CheckpointTools): Promise<void> {
    if (this.#changed.size + this.#positions.size === 0 || !(await consumer.confirm())) return;
    const { log, aligner } = this.#options;
    const positions = new Map(this.#positions);
    this.#committing = positions;
    const patients = [...this.#changed];
    this.#changed.clear();
    for (let start = 0; start < patients.length; start += CHUNK) {
      const some = patients.slice(start, start + CHUNK);
      const copies = await atRest(() => some.flatMap((patientId) => this.#copyOf(patientId)));
      this.#copies = await Promise.all(copies.map((copy) => this.#changeOf(copy)));
      // What a snapshot has in it is not read again: its results must be safe first.
      await flush();
      await log.write(this.#copies);
      this.written += some.length;
    }
    const forgotten = aligner.forgetDischarged(this.#newest - REMEMBER_DISCHARGE_MS);
    await log.write(forgotten.map(({ patientId: key, partition }) => ({ key, partition, value: null })));
    if (patients.length === 0) await flush();
    if (!(await consumer.commit([...positions.values()]))) return;
    for (const [key, position] of positions) {
      if (this.#positions.get(key) === position) this.#positions.delete(key);
    }
  }

  /** The partitions are given up: what was to be written and committed of them is void. Called once all of theirs is dealt with. */
  forget(partitions: readonly number[]): void {
    for (const partition of partitions) this.#reached.delete(partition);
    for (const noted of [this.#positions, this.#committing]) {
      for (const [key, { partition }] of noted) if (partitions.includes(partition)) noted.delete(key);
    }
    this.#copies = this.#copies.filter(({ partition }) => !partitions.includes(partition));
  }

  /** Takes the partitions over: their patients as of the last snapshot. The past of those that cannot be restored is read again. */
  async takeOver(partitions: readonly number[]): Promise<RestoredState> {
    const { log, codec, model, align, onLost } = this.#options;
    const { dedupeWindow } = align;
    const restored: RestoredPatient[] = [];
    const discharged: DischargedStay[] = [];
    const lost: LostPatient[] = [];
    for (const { partition, value } of await log.takeOver(partitions)) {
      const snapshot = codec.decode('PatientSnapshot', value);
      if (snapshot instanceof DecodeFailure) continue;
      const stay = restoreDischarge(snapshot, partition);
      if (stay !== null) {
        discharged.push(stay);
        continue;
      }
      const patient = restorePatient(snapshot, { partition, dedupeWindow, model });
      if (patient !== null) restored.push(patient);
      else lost.push(...[lostPatientOf(snapshot, partition)].flatMap((each) => each ?? []));
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
    const positions = furthest(patient?.appliedTo ?? stay?.appliedTo ?? {}, this.#reached.get(partition));
    if (patient === undefined)
      return [{ partition, snapshot: dischargeOf(stay as DischargedStay, positions) }];
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
