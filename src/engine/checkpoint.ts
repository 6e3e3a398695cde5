import type { AlertPolicy } from '../alerts/policy.js';
import type { Aligner } from '../align/aligner.js';
import type { Position, StateLog } from '../bus/bus.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { MicroBatcher } from '../inference/batcher.js';
import type { ModelConfig } from '../inference/model.js';
import type { Outputs } from './outputs.js';
import { type RestoredPatient, restorePatient, snapshotOf } from './snapshot.js';

export interface CheckpointOptions {
  readonly log: StateLog;
  readonly codec: MessageCodec;
  readonly model: ModelConfig;
  readonly dedupeWindow: number;
  readonly aligner: Aligner;
  readonly batcher: MicroBatcher;
  readonly policy: AlertPolicy;
}

/** Snapshots written at once. */
const CHUNK = 32;

/**
 * Keeps the state of patients in a log and decides how far the input is committed: never beyond what the log holds. After
 * a restart the input is read again from there; what the restored state has seen already, it knows by its ids.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #changed = new Set<string>();
  readonly #positions = new Map<string, Position>();
  /** States of patients written so far. */
  written = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** Takes note of outputs that every sink has. */
  note({ patients, released, positions }: Outputs): void {
    for (const patientId of patients) this.#changed.add(patientId);
    for (const { patientId } of released) this.#changed.delete(patientId);
    for (const position of positions)
      this.#positions.set(`${position.topic}/${position.partition}`, position);
  }

  /** Writes what changed since the last call, then commits. Nothing may be under way meanwhile. */
  async write(commit: (positions: readonly Position[]) => Promise<void>): Promise<void> {
    const { log, codec, aligner, batcher, policy, model } = this.#options;
    const patients = [...this.#changed];
    for (let start = 0; start < patients.length; start += CHUNK) {
      const entries = new Map<string, Buffer | null>();
      for (const patientId of patients.slice(start, start + CHUNK)) {
        const patient = aligner.patients.get(patientId);
        if (patient === undefined) {
          entries.set(patientId, null);
          continue;
        }
        const alerts = policy.stateOf(patientId);
        const snapshot = snapshotOf(patient, batcher.cacheOf(patient), alerts, model.version);
        entries.set(patientId, codec.encode('PatientSnapshot', snapshot));
      }
      await log.write(entries);
    }
    this.written += patients.length;
    this.#changed.clear();
    const positions = [...this.#positions.values()];
    this.#positions.clear();
    if (positions.length > 0) await commit(positions);
  }

  /** The patients of partitions as of their last snapshot. Those that cannot be restored are left out. */
  async read(partitions: readonly number[]): Promise<RestoredPatient[]> {
    const { log, codec, model, dedupeWindow } = this.#options;
    const restored: RestoredPatient[] = [];
    for (const { partition, value } of await log.read(partitions)) {
      const snapshot = codec.decode('PatientSnapshot', value);
      if (snapshot instanceof DecodeFailure) continue;
      const patient = restorePatient(snapshot, { partition, dedupeWindow, model });
      if (patient !== null) restored.push(patient);
    }
    return restored;
  }
}
