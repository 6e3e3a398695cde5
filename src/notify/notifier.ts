import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EventBus, LogState, Reader, RecordBatch, RecordHandler } from '../bus/bus.js';
import type { Trouble } from '../bus/troubles.js';
import type { Clock } from '../clock.js';
import type { AlertMessage, DeadLetterMessage } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import { within } from '../deadline.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { EpochMs } from '../events/event.js';
import type { RawRecord } from '../events/record.js';
import { type Hook, wants } from './hook.js';
import { post } from './post.js';
import { DeliveryQueue, type Queued } from './queue.js';
import { Share } from './share.js';
import { undecodable, undelivered } from './undelivered.js';

/** Where a hook goes on that has no position in the log. */
export interface Beginning {
  /** From what was appended then on. */
  readonly since: EpochMs;
  /** Of what was appended since, by alert id the newest record that is done with. */
  readonly done: ReadonlyMap<string, number>;
}

/** What a notifier is given. */
export interface NotifierPorts {
  readonly bus: Pick<EventBus, 'consume'>;
  readonly codec: MessageCodec;
  readonly clock: Clock;
  /** The time of day, in milliseconds, which receivers compare with theirs. */
  readonly now: () => number;
  /** Keeps what could not be delivered; tried again until it resolves. */
  readonly setAside: (letter: DeadLetterMessage) => Promise<void>;
  /** Asked where the hook has no position in the log. */
  readonly beginning: () => Promise<Beginning>;
  readonly troubles: { raise(trouble: Trouble): void; clear(kind: string, subject: string): void };
}

/** A record on its way. */
interface Delivery extends Queued {
  readonly share: Share;
  readonly record: RawRecord;
  /** Null for what is no alert. */
  readonly alert: AlertMessage | null;
  /** What is kept of it, once it is not to be posted any more. */
  letter: DeadLetterMessage | null;
}

const MAX_BACKOFF_MS = 300_000;
/** So long after a fault it is tried again to read, to keep a position, or to set a record aside. */
const AGAIN_MS = 1000;
const READ_AGAIN_MS = 10_000;
/** How soon it is kept what is done with. */
const KEEP_MS = 1000;
/** Posts under way when the process is told to stop may take so long. */
const GRACE_MS = 5000;
/** Records before the position that are read again, to know what an engine writes once more after a fault. */
const LOOK_BACK = 1000;
const NOT_READ = 'webhook-not-read';
const NOTHING: ReadonlyMap<string, number> = new Map();

/**
 * Posts the records of `ward.alerts` to one hook, signed, at least once: tried again with growing waits, then set aside. Of a patient one
 * at a time, in order; patients hold each other up in nothing. Where it got to is committed to the log. What was delivered is posted again
 * only after a kill, for the last second before it.
 */
export class Notifier implements RecordHandler {
  readonly #hook: Hook;
  readonly #ports: NotifierPorts;
  readonly #reader: Reader;
  readonly #queue: DeliveryQueue<Delivery>;
  readonly #shares = new Map<number, Share>();
  readonly #stopping = new AbortController();
  readonly #cutOff = new AbortController();
  #beginning: Promise<Beginning> | null = null;
  #consumer: Consumer | null = null;
  #fail: (error: Error) => void = () => undefined;
  #reading: Promise<void> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();
  #keepTimer: NodeJS.Timeout | undefined;
  /** Since the start: posted, given up, and found to have been in the log before. */
  readonly counts = { delivered: 0, setAside: 0, repeated: 0 };

  constructor(hook: Hook, ports: NotifierPorts) {
    this.#hook = hook;
    this.#ports = ports;
    this.#reader = {
      group: `notifier-${hook.name}`,
      who: `webhook ${hook.name}`,
      since: async () => (await this.#begin()).since,
      lookBack: LOOK_BACK,
    };
    this.#queue = new DeliveryQueue((delivery) => this.#attempt(delivery));
  }

  get name(): string {
    return this.#hook.name;
  }

  /** Records that are read and not done with. */
  get open(): number {
    return [...this.#shares.values()].reduce((sum, { window }) => sum + window.open, 0);
  }

  /** Partitions that it reads. */
  get partitions(): number {
    return this.#shares.size;
  }

  /** Begins to read, behind the caller. */
  start(): void {
    this.#reading = this.#read();
  }

  /** Finishes what is under way and keeps where it got to; what is not delivered is delivered by who reads on. */
  async close(): Promise<void> {
    this.#queue.close();
    await within(GRACE_MS, this.#queue.hold(), () => undefined);
    this.#cutOff.abort();
    await this.#keep();
    this.#stopping.abort();
    await this.#reading;
    clearTimeout(this.#keepTimer);
  }

  async assigned(partitions: readonly number[], _topics: readonly string[], logs?: LogState): Promise<void> {
    for (const partition of partitions) {
      const committed = logs?.committed?.(TOPICS.alerts, partition);
      const known = committed?.isNew === true ? (await this.#begin()).done : NOTHING;
      this.#shares.set(partition, new Share(partition, committed, known));
    }
  }

  async batch({ partition, records, positions }: RecordBatch): Promise<void> {
    const share = this.#shares.get(partition);
    if (share === undefined) return;
    share.add(records, positions[0].offset);
    this.#advance(share);
  }

  async releasing(): Promise<void> {
    await this.#queue.hold();
    await this.#keep();
  }

  shared(): void {
    for (const share of this.#shares.values()) share.doubt();
    this.#keepSoon();
    this.#queue.release();
  }

  async revoked(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#giveUp(partition);
  }

  failed(error: Error): void {
    this.#fail(error);
  }

  /** Reads until it is closed. What the log refuses is said, and asked for again: nothing else of the process is held up by it. */
  async #read(): Promise<void> {
    const { bus, clock, troubles } = this.#ports;
    const { name } = this.#hook;
    const stopped = new Promise<null>((resolve) => {
      this.#stopping.signal.addEventListener('abort', () => resolve(null));
    });
    while (!this.#stopping.signal.aborted) {
      const failure = new Promise<Error>((resolve) => {
        this.#fail = resolve;
      });
      const opening = bus.consume([TOPICS.alerts], this, clock, this.#reader);
      const error = await opening.then(
        async (consumer) => {
          this.#consumer = consumer;
          for (const share of this.#shares.values()) this.#pause(share);
          troubles.clear(NOT_READ, name);
          return Promise.race([failure, stopped]);
        },
        (refusal: Error) => refusal,
      );
      if (error !== null) troubles.raise(notRead(name, error));
      await this.#consumer?.close().catch(() => undefined);
      this.#consumer = null;
      for (const partition of [...this.#shares.keys()]) this.#giveUp(partition);
      if (error !== null) await Promise.race([sleep(READ_AGAIN_MS, null, { ref: false }), stopped]);
    }
  }

  #begin(): Promise<Beginning> {
    this.#beginning ??= this.#ports.beginning();
    return this.#beginning;
  }

  #giveUp(partition: number): void {
    const share = this.#shares.get(partition);
    if (share === undefined) return;
    share.isGone = true;
    this.#shares.delete(partition);
  }

  /** Takes of what was read as much as may be under way. */
  #advance(share: Share): void {
    for (let record = share.next(); record !== undefined; record = share.next()) this.#take(share, record);
    this.#pause(share);
    this.#keepSoon();
  }

  #take(share: Share, record: RawRecord): void {
    const isNew = share.window.take(record.offset);
    const alert = this.#ports.codec.decode('Alert', record.value);
    if (alert instanceof DecodeFailure) {
      const lane = `${share.id} ${record.offset}`;
      const letter = undecodable(record, alert.detail);
      if (isNew) this.#queue.add({ lane, share, record, alert: null, letter, attempts: 0 });
      return;
    }
    const isRepeated = share.isRepeated(alert);
    if (!isNew) return;
    if (isRepeated) this.counts.repeated++;
    if (isRepeated || !wants(this.#hook, alert)) {
      share.window.done(record.offset);
      return;
    }
    const lane = `${share.id} ${alert.patientId || alert.alertId}`;
    this.#queue.add({ lane, share, record, alert, letter: null, attempts: 0 });
  }

  /** What is read and may not be under way yet is enough in memory. */
  #pause(share: Share): void {
    if (share.isPaused === share.isWaiting || this.#consumer === null) return;
    share.isPaused = share.isWaiting;
    this.#consumer.pause(share.partition, share.isPaused ? [TOPICS.alerts] : []);
  }

  /** One attempt; null when the record is done with, else how long to wait for the next. */
  async #attempt(delivery: Delivery): Promise<number | null> {
    const { share, record, alert } = delivery;
    if (share.isGone) return null;
    if (delivery.letter !== null || alert === null) return this.#setAside(delivery);
    // A process that was frozen does not know yet that others read.
    if (this.#consumer?.isMember?.() === false) return AGAIN_MS;
    const cursor = `${record.partition}.${record.offset}`;
    const { attempts, backoffMs, name } = this.#hook;
    const answer = await post(this.#hook, { cursor, alert }, this.#ports.now(), this.#cutOff.signal);
    if (answer.isTaken) {
      this.counts.delivered++;
      return this.#finish(delivery);
    }
    if (this.#cutOff.signal.aborted) return MAX_BACKOFF_MS;
    delivery.attempts++;
    if (delivery.attempts < attempts && !answer.isFinal) {
      return Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** (delivery.attempts - 1));
    }
    const why = `${delivery.attempts} attempts; the last: ${answer.fault}`;
    delivery.letter = undelivered(name, record, alert, why);
    return this.#setAside(delivery);
  }

  async #setAside(delivery: Delivery): Promise<number | null> {
    try {
      await this.#ports.setAside(delivery.letter as DeadLetterMessage);
    } catch {
      return AGAIN_MS;
    }
    this.counts.setAside++;
    return this.#finish(delivery);
  }

  #finish({ share, record }: Delivery): null {
    share.window.done(record.offset);
    if (!share.isGone) this.#advance(share);
    return null;
  }

  #keepSoon(): void {
    this.#keepTimer ??= setTimeout(() => void this.#keep(), KEEP_MS);
  }

  /** Keeps where it got to; what is not taken now is kept next time. */
  #keep(): Promise<void> {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    this.#keeping = this.#keeping.then(async () => {
      const shares = [...this.#shares.values()];
      const positions = shares.flatMap((share) => share.uncommitted ?? []);
      if (positions.length === 0 || this.#consumer === null) return;
      const isKept = await this.#consumer.commit(positions).catch((error: Error) => {
        this.#fail(error);
        return false;
      });
      if (!isKept) this.#keepSoon();
      else for (const position of positions) this.#shares.get(position.partition)?.commit(position);
    });
    return this.#keeping;
  }
}

function notRead(name: string, { message }: Error): Trouble {
  return {
    kind: NOT_READ,
    subject: name,
    priority: 'HIGH',
    detail: `webhook ${name} gets no alerts, since ${TOPICS.alerts} is not read: ${message}. It is tried again every ${READ_AGAIN_MS / 1000} s`,
  };
}
