import type { Sex } from '../../contract/messages.js';
import type { InputTopic } from '../../contract/topics.js';
import { type DeadLetterReason, hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import type { Delivery, Unmapped } from '../door.js';
import type { CodeBook } from './codes.js';
import type { Hl7Message } from './message.js';
import type { Sender } from './sender.js';
import type { Zone } from './times.js';

/** What is asked of every message, whatever its kind. */
export interface Reading {
  readonly message: Hl7Message;
  readonly sender: Sender;
  readonly codes: CodeBook;
  /** The patient's id. */
  readonly patientId: string;
  /** Of times that have none; null: they are refused. */
  readonly zone: Zone | null;
  /** MSH-7. */
  readonly sentAt: EpochMs | null;
  /** When it came. */
  readonly now: EpochMs;
  readonly maxFutureSkewMs: number;
}

/** How the sender is answered (HL7 table 0008): accepted, an error in what it says, or a message that is not taken at all. */
export type Answer = 'AA' | 'AE' | 'AR';

/** What comes out of one message. */
export class Translation implements Delivery {
  readonly messages: Delivery['messages'] = [];
  readonly rejections: Delivery['rejections'] = [];
  readonly unmapped: Unmapped[] = [];
  readonly counts = { used: 0, bounds: 0, ignored: 0, unmapped: 0, rejected: 0 };
  answer: Answer = 'AA';
  /** What the sender is told; empty where all is well. */
  text = '';
  patientId: string | null = null;

  /** Adds a message under an id that is made from what it says, so that a resend has the same. */
  add<Topic extends InputTopic>(topic: Topic, record: { patientId: string; eventTime: EpochMs }): void {
    const { patientId, eventTime } = record;
    const messageId = hashId('hl7', topic, JSON.stringify(record));
    this.messages.push({ topic, key: patientId, eventTime, record: { messageId, ...record } as never });
  }

  /** Sets aside a part of the message. */
  reject(reason: DeadLetterReason, detail: string, eventTime: EpochMs | null = null): void {
    this.rejections.push({
      reason,
      detail,
      eventTime,
      patientId: this.patientId,
      index: this.rejections.length,
    });
  }

  /** Whether a part of the message has a time that can be used; sets it aside where it has none, or one ahead of the clock. */
  hasTime(
    time: EpochMs | null,
    { now, maxFutureSkewMs }: Pick<Reading, 'now' | 'maxFutureSkewMs'>,
    what: { readonly untimed: string; readonly ahead: string },
  ): time is EpochMs {
    if (time === null || Number.isNaN(time)) this.reject('unknown-time', what.untimed);
    else if (time > now + maxFutureSkewMs)
      this.reject('future', `${what.ahead} ${time - now} ms ahead of the clock`, time);
    else return true;
    return false;
  }

  /** Sets aside the message, and says so to the sender. */
  refuse(answer: Exclude<Answer, 'AA'>, reason: DeadLetterReason, detail: string): this {
    this.messages.length = 0;
    this.reject(reason, detail);
    return this.say(answer, detail);
  }

  /** Accepts the message without using it, and says why. */
  ignore(why: string): this {
    this.counts.ignored++;
    return this.say('AA', `${why}; it is not used`);
  }

  say(answer: Answer, text: string): this {
    this.answer = answer;
    this.text = text;
    return this;
  }

  addUnmapped(code: string, example: string, text: string): void {
    this.counts.unmapped++;
    this.unmapped.push({ code, text, example });
  }
}

const SEXES: Readonly<Record<string, Sex>> = {
  F: 'FEMALE',
  M: 'MALE',
  A: 'OTHER',
  O: 'OTHER',
  N: 'OTHER',
  X: 'OTHER',
};

/** PID-8; null where it is not known. */
export function sexOf(text: string): Sex | null {
  return SEXES[text.toUpperCase()] ?? null;
}
