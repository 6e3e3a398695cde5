import type { Aligner } from '../align/aligner.js';
import type { DischargedStay } from '../align/discharged.js';
import type { AppliedTo, PatientState } from '../align/patient.js';
import type { Consumer, LogState, Position, StateChange, StatePlace } from '../bus/bus.js';
import type { PatientSnapshotMessage } from '../contract/messages.js';
import { DAY_MS } from '../durations.js';
import type { ClinicalEvent, EpochMs } from '../events/event.js';
import type { MicroBatcher } from '../inference/batcher.js';
import { CheckpointWrite } from './checkpoint-write.js';
import type { Outputs } from './outputs.js';
import { SAME_LOGS, withIds } from './positions.js';
import { type Restored, type RestoredState, Restorer, type RestorerOptions } from './restorer.js';
import { type SilentPatient, silentOf } from './silent.js';
import { compressed, dischargeOf, type RestoredPatient, snapshotOf } from './snapshot.js';

export interface CheckpointOptions extends RestorerOptions {
  readonly aligner: Aligner;
  readonly batcher: MicroBatcher;
  /** Event time up to which all of a partition is processed; undefined where that is not known yet. */
  readonly watermarkOf: (partition: number) => EpochMs | undefined;
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
const REMEMBER_DISCHARGE_MS = DAY_MS;

/**
 * Keeps the state of patients in a log and decides how far the input is committed: never beyond what the log holds. After
 * a restart the input is read again from there. Each snapshot says how far the input was applied when it was taken, so what
 * is read again and is in it already, however much that is, changes nothing.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #restorer: Restorer;
  readonly #changed = new Set<string>();
  /** Patients whose snapshot is to be replaced, once they are here. */
  readonly #outdated = new Set<string>();
  /** What is to be committed, by topic and partition. */
  readonly #positions = new Map<string, Position>();
  /** The one under way. */
  #write: CheckpointWrite | null = null;
  /** By partition and topic, how far the input is processed. */
  readonly #reached = new Map<number, Record<string, number>>();
  /** Where the last snapshot of each patient in memory stands in the log. */
  readonly #places = new Map<string, StatePlace>();
  /** By partition, event time of the newest observation that was processed. */
  readonly #newest = new Map<number, EpochMs>();
  /** States of patients written so far. */
  written = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#restorer = new Restorer(options);
  }

  /** Takes note of outputs that every sink has. */
  note({ patients, alerts, restored, recalled, released, positions, observations }: Outputs): void {
    for (const { patient } of [...restored, ...recalled]) {
      if (this.#outdated.delete(patient.patientId)) this.#changed.add(patient.patientId);
    }
    for (const patientId of patients) this.#changed.add(patientId);
    for (const { patientId } of alerts) this.#changed.add(patientId);
    for (const { patientId } of released) this.#changed.delete(patientId);
    for (const { topic, partition, offset } of positions) {
      this.#positions.set(`${topic}/${partition}`, { topic, partition, offset });
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
   * Writes what changed since the last call, some patients at a time. Then commits what was processed before the first of them,
   * and forgets stays that ended long before that. Between two copies the stream goes on: each snapshot has its own place in the
   * input. Where the process may have lost its partitions, or the bus is away, the rest is left to the next call.
   */
  async write(tools: CheckpointTools): Promise<void> {
    const { consumer } = tools;
    if (this.#changed.size + this.#positions.size === 0 || !(await consumer.recommit())) return;
    const write = new CheckpointWrite(this.#positions, this.#newest);
    this.#write = write;
    await this.#append(write, tools);
    if (!(await consumer.commit([...write.positions.values()]))) return;
    for (const [key, position] of write.positions) {
      if (this.#positions.get(key) === position) this.#positions.delete(key);
    }
    // Only now: a stay without its snapshot of which a part were read again would be taken for another one.
    await this.#forgetDischarged(write);
  }

  /** Appends the snapshots of all patients that have changed. */
  async #append(write: CheckpointWrite, { atRest, flush }: CheckpointTools): Promise<void> {
    const patients = [...this.#changed];
    this.#changed.clear();
    if (patients.length === 0) await flush();
    for (let start = 0; start < patients.length; start += CHUNK) {
      const some = patients.slice(start, start + CHUNK);
      const copies = await atRest(() => some.flatMap((patientId) => this.#copyOf(patientId)));
      const changes = await Promise.all(copies.map((copy) => this.#changeOf(copy)));
      const places = await write.append(this.#options.log, changes, flush);
      for (const place of places) this.#places.set(place.key, place);
      this.written += some.length;
    }
  }

  async #forgetDischarged(write: CheckpointWrite): Promise<void> {
    const { log, aligner } = this.#options;
    const forgotten = aligner.forgetDischarged(
      (partition) => write.readTo(partition) - REMEMBER_DISCHARGE_MS,
    );
    await log.write(forgotten.map(({ patientId: key, partition }) => ({ key, partition, value: null })));
    for (const { patientId } of forgotten) this.#places.delete(patientId);
  }

  /** The partitions are revoked: what was to be written and committed of them is void. Called once all of theirs is processed. */
  forget(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#reached.delete(partition);
      this.#newest.delete(partition);
    }
    for (const [key, { partition }] of this.#positions) {
      if (partitions.includes(partition)) this.#positions.delete(key);
    }
    this.#write?.giveUp(partitions);
    for (const { key, partition } of this.#places.values()) {
      if (partitions.includes(partition)) this.#places.delete(key);
    }
  }

  /**
   * Restores the partitions: their patients as of the last snapshot, but for those who have been silent so long that they stay
   * in the log. The past of those that cannot be restored is read again.
   */
  async restore(partitions: readonly number[], logs: LogState = SAME_LOGS): Promise<RestoredState> {
    const state = await this.#restorer.restore(partitions, logs);
    this.#noteRestored(state);
    return state;
  }

  /** The silent patients that events are of. */
  silentAmong(events: readonly ClinicalEvent[]): StatePlace[] {
    const { silent } = this.#options;
    if (silent.size === 0) return [];
    const patients = new Set(events.map(({ patientId }) => patientId));
    return [...patients].flatMap((patientId) => silent.placeOf(patientId) ?? []);
  }

  /** Silent patients as they were, to be in memory again. */
  async recall(places: readonly StatePlace[]): Promise<readonly RestoredPatient[]> {
    const recalled = await this.#restorer.read(places);
    this.#noteRestored(recalled);
    for (const { key } of places) this.#options.silent.remove(key);
    return recalled.restored;
  }

  /** A silent patient as they are, to be looked at; null where there is none. */
  async lookUp(patientId: string): Promise<RestoredPatient | null> {
    const place = this.#options.silent.placeOf(patientId);
    if (place === undefined) return null;
    return (await this.#restorer.read([place])).restored[0] ?? null;
  }

  #noteRestored({ restored, places }: Restored): void {
    for (const place of places) this.#places.set(place.key, place);
    for (const { patient, fill } of restored) if (fill === null) this.#outdated.add(patient.patientId);
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
      left(
        patients.map((patient) => {
          const { patientId } = patient;
          return silentOf(patient, policy.openOf(patientId), policy.statesOf(patientId));
        }),
      );
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

  #copyOf(patientId: string): Copy[] {
    const { aligner, batcher, policy, model } = this.#options;
    const patient = aligner.patients.get(patientId);
    const stay = aligner.dischargedStay(patientId);
    const partition = patient?.partition ?? stay?.partition;
    if (partition === undefined) return [];
    const applied = furthest(patient?.appliedTo ?? stay?.appliedTo ?? {}, this.#reached.get(partition));
    const positions = withIds(applied, (topic) => this.#restorer.idOf(topic));
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
