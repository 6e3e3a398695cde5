import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBus, OutgoingMessage } from '../bus/bus.js';
import { TOPICS } from '../contract/topics.js';
import type { MessageCodec } from '../events/codec.js';
import type { Departed, Outputs, Sink } from './outputs.js';
import { type ChangedPatient, PresentPatients } from './present-patients.js';

/** A patient is written at most so often. */
const ROUND_MS = 150;
/** So long after a round that was refused the next one begins. */
const AGAIN_MS = 1000;

export interface PatientsSinkOptions {
  /** Names the engine in what it writes. */
  readonly engine: string;
  /** Told in words what is not written. */
  readonly onTrouble?: ((message: string) => void) | undefined;
  /** Which patients of a partition the log has already; left out where it has none. */
  readonly known?: ((partition: number) => Promise<ReadonlySet<string>>) | undefined;
}

/**
 * Writes to `ward.patients` what a ward shows of each patient, when it changes and at most every 150 ms a patient. A discharge is a record
 * and a tombstone. Nobody waits for it: while a partition takes nothing, its patients wait, each with the newest only. Of a patient
 * taken over from a snapshot nothing is written before something changes, where the log has them.
 */
export class PatientsSink implements Sink {
  readonly #bus: EventBus;
  readonly #codec: MessageCodec;
  readonly #options: PatientsSinkOptions;
  readonly #present = new PresentPatients();
  /** Partitions with a write under way, which tells whether it got through. */
  readonly #sending = new Map<number, Promise<boolean>>();
  /** What the log had when a partition was taken over. */
  readonly #known = new Map<number, Promise<ReadonlySet<string>>>();
  readonly #looking = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #roundAt = Number.NEGATIVE_INFINITY;
  #fault: string | null = null;
  #isClosed = false;
  /** Records written, tombstones among them, since the start. */
  written = 0;

  constructor(bus: EventBus, codec: MessageCodec, options: PatientsSinkOptions) {
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
      const sending = this.#send(patients).finally(() => {
        this.#sending.delete(partition);
        this.#wake();
      });
      this.#sending.set(partition, sending);
    }
  }

  async #send(patients: readonly ChangedPatient[]): Promise<boolean> {
    const messages = patients.flatMap((patient) => this.#messagesOf(patient));
    try {
      await this.#bus.produce(TOPICS.patients, messages);
      this.written += messages.length;
      this.#fault = null;
      return true;
    } catch (error) {
      for (const patient of patients) this.#present.giveBack(patient);
      this.#tell(error);
      await sleep(AGAIN_MS, undefined, { ref: false });
      return false;
    }
  }

  #messagesOf({ patientId, partition, now, alerts, isOver }: ChangedPatient): OutgoingMessage[] {
    const { engine } = this.#options;
    const encoded = alerts.map((alert) => this.#codec.encode('Alert', alert));
    const value = this.#codec.encode('PatientNow', { ...now, engine, alerts: encoded });
    const message = { key: patientId, partition, value };
    return isOver ? [message, { key: patientId, partition, value: null }] : [message];
  }

  /** Of those whom a snapshot has told, writes who is not in the log: it was begun anew, or never had them. */
  async #writeUnknown(learnt: readonly Departed[]): Promise<void> {
    try {
      for (const { patientId, partition } of learnt) {
        const known = await this.#knownIn(partition);
        if (!known.has(patientId)) this.#present.touch(patientId);
      }
    } catch (error) {
      // Who is written once too often does no harm.
      for (const { patientId } of learnt) this.#present.touch(patientId);
      this.#tell(error);
    }
    this.#wake();
  }

  #knownIn(partition: number): Promise<ReadonlySet<string>> {
    const asked =
      this.#known.get(partition) ?? this.#options.known?.(partition) ?? Promise.resolve(new Set());
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
