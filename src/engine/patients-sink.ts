import { setTimeout as sleep } from 'node:timers/promises';
import { CLAIM_KEY, type OpenLog, type OutgoingMessage } from '../bus/bus.js';
import { TOPICS } from '../contract/topics.js';
import type { MessageCodec } from '../events/codec.js';
import type { Epochs } from './epochs.js';
import type { Departed, Outputs, Sink } from './outputs.js';
import type { PatientsInLog } from './patients-log.js';
import { type ChangedPatient, PresentPatients } from './present-patients.js';

/** A patient is written at most so often. */
const ROUND_MS = 150;
/** So long after a round that was refused the next one begins. */
const AGAIN_MS = 1000;
/** So long after the log could not be looked through it is tried again. */
const MEND_AGAIN_MS = 30_000;
const NOTHING = Buffer.alloc(0);
const NOBODY: PatientsInLog = { known: new Set(), overwritten: new Set(), epoch: 0 };

export interface PatientsSinkOptions {
  /** Names the engine in what it writes. */
  readonly engine: string;
  /** Told in words what is not written. */
  readonly onTrouble?: ((message: string) => void) | undefined;
  /** What is written is written with; left out where nobody else ever writes. */
  readonly epochs?: Epochs | undefined;
  /** What a partition of the log says; left out where it says nothing. */
  readonly logged?: ((partition: number) => Promise<PatientsInLog>) | undefined;
}

/**
 * Writes to `ward.patients` what a ward shows of each patient, when it changes and at most every 150 ms a patient. A discharge is a record
 * and a tombstone. Nobody waits for it: while a partition takes nothing, its patients wait, each with the newest only. Of a patient
 * taken over from a snapshot nothing is written before something changes, where the log has them. The first record of an epoch is a claim:
 * from there on nothing of an earlier owner counts.
 */
export class PatientsSink implements Sink {
  readonly #bus: Pick<OpenLog, 'append'>;
  readonly #codec: MessageCodec;
  readonly #options: PatientsSinkOptions;
  readonly #present = new PresentPatients();
  /** Partitions with a write under way, which tells whether it got through. */
  readonly #sending = new Map<number, Promise<boolean>>();
  /** What the log had when a partition was taken over. */
  readonly #known = new Map<number, Promise<PatientsInLog>>();
  /** By partition, the epoch of the newest claim in the log. */
  readonly #claimed = new Map<number, number>();
  /** By partition, the epoch in which it was mended. */
  readonly #mended = new Map<number, number>();
  /** By partition, the offset of the next record, unless somebody else writes. */
  readonly #next = new Map<number, number>();
  readonly #looking = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #roundAt = Number.NEGATIVE_INFINITY;
  #fault: string | null = null;
  #isClosed = false;
  /** Records written, tombstones among them, since the start. */
  written = 0;

  constructor(bus: Pick<OpenLog, 'append'>, codec: MessageCodec, options: PatientsSinkOptions) {
    this.#bus = bus;
    this.#codec = codec;
    this.#options = options;
  }

  async write(outputs: Outputs): Promise<void> {
    const learnt = this.#present.write(outputs);
    for (const { partition } of outputs.released) this.#known.delete(partition);
    if (learnt.length > 0) {
      const looking = this.#writeUnknown(learnt).finally(() => this.#looking.delete(looking));
      this.#looking.add(looking);
    }
    this.#wake();
  }

  /**
   * Mends what the log says of a partition that is read to its end: who is in it and not on the ward gets a tombstone, and of whom an
   * earlier owner wrote after the claim is written again. To be called again and again; it looks once an epoch, and
   * once more where somebody else has written since.
   */
  async mend(partition: number): Promise<void> {
    const epoch = await this.#epochOf(partition).catch((error: unknown) => this.#tell(error));
    if (typeof epoch !== 'number' || this.#isClosed) return;
    if (this.#mended.get(partition) === epoch) return;
    this.#mended.set(partition, epoch);
    const isMended = await this.#mend(partition, epoch).catch((error: unknown) => this.#tell(error));
    if (isMended === true) return;
    await sleep(MEND_AGAIN_MS, undefined, { ref: false });
    this.#mended.delete(partition);
  }

  /** False where the partition may be another one's. */
  async #mend(partition: number, epoch: number): Promise<boolean> {
    const { epochs, logged } = this.#options;
    const found = (await logged?.(partition)) ?? NOBODY;
    // Whoever has written meanwhile has not taken the partition over: the group says that it is ours.
    if ((await epochs?.of(partition, true)) !== epoch) return false;
    const isBeyond = found.epoch > epoch;
    const mended = isBeyond ? found.epoch + 1 : epoch;
    if (isBeyond) {
      epochs?.raise(partition, mended);
      this.#mended.set(partition, mended);
      this.#present.touchAll(partition);
    }
    const written = new Set([...found.known, ...found.overwritten]);
    const gone = [...written].filter((patientId) => !this.#present.has(patientId, partition));
    const tombstones = gone.map((key) => ({ key, partition, value: null, epoch: mended }));
    for (const patientId of found.overwritten) this.#present.touch(patientId);
    await this.#append(partition, mended, tombstones);
    this.#wake();
    return true;
  }

  /** Patients of a partition on the ward. */
  count(partition: number): number {
    return this.#present.count(partition);
  }

  /** Resolves when all that has changed by now is in the log: on a large ward something always has. */
  async flush(): Promise<void> {
    await Promise.all(this.#looking);
    await Promise.all(this.#sending.values());
    // What begins from here on has all of it, unless the log refuses it.
    let isThere = false;
    while (!isThere && !this.#isClosed) {
      this.#round();
      isThere = (await Promise.all(this.#sending.values())).every((isWritten) => isWritten);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wake(): void {
    if (this.#timer !== undefined || this.#isClosed || !this.#present.hasChanged) return;
    const wait = Math.max(0, this.#roundAt + ROUND_MS - performance.now());
    this.#timer = setTimeout(() => this.#round(), wait);
  }

  #round(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#roundAt = performance.now();
    const changed = new Map<number, ChangedPatient[]>();
    for (const patient of this.#present.takeChanged((partition) => !this.#sending.has(partition))) {
      const of = changed.get(patient.partition);
      if (of === undefined) changed.set(patient.partition, [patient]);
      else of.push(patient);
    }
    for (const [partition, patients] of changed) {
      const sending = this.#send(partition, patients).finally(() => {
        this.#sending.delete(partition);
        this.#wake();
      });
      this.#sending.set(partition, sending);
    }
  }

  async #send(partition: number, patients: readonly ChangedPatient[]): Promise<boolean> {
    try {
      const epoch = await this.#epochOf(partition);
      if (epoch === null) return await this.#giveBack(patients, ROUND_MS);
      const messages = patients.flatMap((patient) => this.#messagesOf(patient, epoch));
      await this.#append(partition, epoch, messages);
      this.#fault = null;
      return true;
    } catch (error) {
      this.#tell(error);
      return this.#giveBack(patients, AGAIN_MS);
    }
  }

  async #giveBack(patients: readonly ChangedPatient[], waitMs: number): Promise<false> {
    for (const patient of patients) this.#present.giveBack(patient);
    await sleep(waitMs, undefined, { ref: false });
    return false;
  }

  /** Undefined where nobody else ever writes; null: the partition is not known to be this engine's. */
  async #epochOf(partition: number): Promise<number | null | undefined> {
    return this.#options.epochs?.of(partition);
  }

  async #append(
    partition: number,
    epoch: number | undefined,
    messages: readonly OutgoingMessage[],
  ): Promise<void> {
    const isClaimed = epoch === undefined || this.#claimed.get(partition) === epoch;
    const claim = { key: CLAIM_KEY, partition, value: NOTHING, epoch };
    const offsets = await this.#bus.append(TOPICS.patients, isClaimed ? messages : [claim, ...messages]);
    if (epoch !== undefined) this.#claimed.set(partition, epoch);
    for (const offset of offsets) {
      const next = this.#next.get(partition) ?? offset;
      this.#next.set(partition, offset + 1);
      if (offset !== next) this.#mended.delete(partition);
    }
    this.written += messages.length;
  }

  #messagesOf(patient: ChangedPatient, epoch: number | undefined): OutgoingMessage[] {
    const { patientId, partition, now, alerts, isOver } = patient;
    const { engine } = this.#options;
    const encoded = alerts.map((alert) => this.#codec.encode('Alert', alert));
    const value = this.#codec.encode('PatientNow', { ...now, engine, alerts: encoded });
    const of = { key: patientId, partition, epoch };
    return isOver
      ? [
          { ...of, value },
          { ...of, value: null },
        ]
      : [{ ...of, value }];
  }

  /** Of those whom a snapshot has told, writes who is not in the log: it was begun anew, or never had them. */
  async #writeUnknown(learnt: readonly Departed[]): Promise<void> {
    try {
      for (const { patientId, partition } of learnt) {
        const { known, overwritten } = await this.#knownIn(partition);
        if (!known.has(patientId) || overwritten.has(patientId)) this.#present.touch(patientId);
      }
    } catch (error) {
      // Who is written once too often does no harm.
      for (const { patientId } of learnt) this.#present.touch(patientId);
      this.#tell(error);
    }
    this.#wake();
  }

  #knownIn(partition: number): Promise<PatientsInLog> {
    const asked = this.#known.get(partition) ?? this.#options.logged?.(partition) ?? Promise.resolve(NOBODY);
    this.#known.set(partition, asked);
    return asked;
  }

  #tell(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (this.#fault === fault) return;
    this.#fault = fault;
    this.#options.onTrouble?.(`${TOPICS.patients} takes nothing and is tried again: ${fault}`);
  }
}
