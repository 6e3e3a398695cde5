import type { InputTopic } from '../../contract/topics.js';
import { type DeadLetterReason, hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import type { Delivery, Unmapped } from '../door.js';
import type { CodeBook } from '../hl7/codes.js';
import type { Sender } from '../hl7/sender.js';
import type { Scope } from './references.js';

/** What is asked of every resource, whatever its kind. */
export interface Reading {
  readonly sender: Sender;
  readonly codes: CodeBook;
  /** Who sent it, as the messages will say. */
  readonly source: string;
  /** The resources that came with it. */
  readonly scope: Scope;
  /** When the bundle says that it was made; null where it says nothing. */
  readonly sentAt: EpochMs | null;
  /** When it came. */
  readonly now: EpochMs;
  readonly maxFutureSkewMs: number;
}

/** What comes out of one resource. */
export class Taken implements Delivery {
  readonly messages: Delivery['messages'] = [];
  readonly rejections: Delivery['rejections'] = [];
  readonly unmapped: Unmapped[] = [];
  readonly counts = { used: 0, ignored: 0, unmapped: 0, rejected: 0 };
  /** HTTP status of the resource alone. */
  status = 201;
  /** Why it is accepted and not used; empty where that is not so. */
  text = '';
  patientId: string | null = null;

  get isRefused(): boolean {
    return this.status >= 400;
  }

  /** Adds a message under an id that is made from what it says, so that a resend has the same. */
  add<Topic extends InputTopic>(topic: Topic, record: { patientId: string; eventTime: EpochMs }): void {
    const { patientId, eventTime } = record;
    const messageId = hashId('fhir', topic, JSON.stringify(record));
    this.messages.push({ topic, key: patientId, eventTime, record: { messageId, ...record } as never });
  }

  /** Sets aside a part of the resource. */
  reject(reason: DeadLetterReason, detail: string, eventTime: EpochMs | null = null): void {
    const { patientId } = this;
    this.counts.rejected++;
    this.rejections.push({ reason, detail, eventTime, patientId, index: this.rejections.length });
  }

  /** Whether a part has a time that can be used; sets it aside where it has none, or one ahead of the clock. */
  hasTime(
    time: EpochMs | null,
    { now, maxFutureSkewMs }: Pick<Reading, 'now' | 'maxFutureSkewMs'>,
    what: string,
  ): time is EpochMs {
    if (time === null || Number.isNaN(time))
      this.reject('unknown-time', `${what} has no time to the minute with a zone`);
    else if (time > now + maxFutureSkewMs)
      this.reject('future', `${what} is ${time - now} ms ahead of the clock`, time);
    else return true;
    return false;
  }

  /** Sets aside the resource, and says so to the sender. */
  refuse(status: number, reason: DeadLetterReason, detail: string): this {
    this.messages.length = 0;
    this.reject(reason, detail);
    this.status = status;
    return this;
  }

  /** Uses nothing of it, since another resource of the same transaction cannot be used. What is wrong with it itself is still told. */
  drop(): void {
    this.messages.length = 0;
    this.counts.used = 0;
    if (this.isRefused) return;
    this.rejections.length = 0;
    this.unmapped.length = 0;
    this.text = 'another resource of the transaction cannot be used; so this one is not';
    Object.assign(this.counts, { ignored: 0, unmapped: 0, rejected: 0 });
  }

  /** Accepts the resource without using it, and says why. */
  ignore(why: string): void {
    this.counts.ignored++;
    this.text = `${why}; it is not used`;
  }

  addUnmapped(code: string, example: string, text: string): void {
    this.counts.unmapped++;
    this.unmapped.push({ code, text, example });
  }

  /** Nothing of it could be used, and that not because nobody needs it: the sender is told. */
  judged(): this {
    if (this.messages.length === 0 && this.rejections.length > 0 && !this.isRefused) this.status = 422;
    return this;
  }
}
