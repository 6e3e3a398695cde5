import { IdFault, readId } from '../../contract/ids.js';
import type { InputTopic } from '../../contract/topics.js';
import { type DeadLetterReason, hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import type { Config } from '../../settings/config.js';
import type { Delivery, Unmapped } from '../door.js';
import type { Sender } from '../hl7/sender.js';
import { isoTimeOf } from './times.js';

/** How items of a sender are read. */
export interface Reading {
  readonly sender: Sender;
  /** Who sends them, for tracing. */
  readonly source: string;
  /** The clock's time. */
  readonly now: EpochMs;
  readonly limits: Pick<Config['limits'], 'maxFutureSkewMs' | 'maxNoteBytes'>;
}

/** What comes out of one item, or of one row of a file. */
export class Outcome implements Delivery {
  readonly messages: Delivery['messages'] = [];
  readonly rejections: Delivery['rejections'] = [];
  readonly unmapped: Unmapped[] = [];
  readonly counts = { used: 0, unmapped: 0, ignored: 0, rejected: 0 };
  readonly #reading: Reading;
  #patientId: string | null = null;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Nothing of it is used, and that not because nobody needs it. */
  get isRefused(): boolean {
    return this.messages.length === 0 && this.rejections.length > 0;
  }

  /** The patient's id; null, and told, where it is none. */
  patientOf(text: string): string | null {
    const id = readId(text);
    if (id instanceof IdFault) {
      this.reject(id.reason, `patientId ${id.detail}`);
      return null;
    }
    this.#patientId = id;
    return id;
  }

  /** The time of an event; null, and told, where it is none or lies ahead of the clock. */
  eventTimeOf(text: string): EpochMs | null {
    const { now, limits } = this.#reading;
    const time = this.#timeOf('time', text);
    if (time === null || time <= now + limits.maxFutureSkewMs) return time;
    this.reject('future', `time is ${time - now} ms ahead of the clock`, time);
    return null;
  }

  /** Another time; null where none is given, and undefined, and told, where it cannot be read. */
  otherTimeOf(field: string, text: string | null | undefined): EpochMs | null | undefined {
    if (text === null || text === undefined) return null;
    return this.#timeOf(field, text) ?? undefined;
  }

  /** Adds a message under an id that is made from what it says, so that a resend has the same. */
  add<Topic extends InputTopic>(topic: Topic, record: { patientId: string; eventTime: EpochMs }): void {
    const { patientId, eventTime } = record;
    const messageId = hashId('json', topic, JSON.stringify(record));
    this.messages.push({ topic, key: patientId, eventTime, record: { messageId, ...record } as never });
  }

  /** Sets aside the item, or the value at `index`. */
  reject(reason: DeadLetterReason, detail: string, eventTime: EpochMs | null = null, index = -1): void {
    this.counts.rejected++;
    this.rejections.push({ reason, detail, eventTime, patientId: this.#patientId, index });
  }

  addUnmapped(code: string, example: string): void {
    this.counts.unmapped++;
    this.unmapped.push({ code, text: '', example });
  }

  #timeOf(field: string, text: string): EpochMs | null {
    const { sender, now } = this.#reading;
    const time = isoTimeOf(text, sender.timeZone ?? null, now);
    const form = 'write it as 2026-11-30T14:05:00+01:00, or with Z';
    if (time === null)
      this.reject('unknown-time', `${field} ${quoted(text)} is no time with a zone; ${form}`);
    return time;
  }
}

/** A text from outside, shortened, in quotes. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
