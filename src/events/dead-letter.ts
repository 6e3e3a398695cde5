import { createHash } from 'node:crypto';
import type { DeadLetterMessage } from '../contract/messages.js';
import { isStorableTime, wellFormed } from './storable.js';

/** Why input could not be used. Closed: dashboards and metrics are labelled by it. */
export const DEAD_LETTER_REASONS = [
  'undecodable',
  'unknown-schema',
  'missing-id',
  'invalid-id',
  'empty',
  'unknown-code',
  'unknown-unit',
  'not-a-number',
  'impossible-value',
  'no-reading',
  'future',
  'before-admission',
  'after-discharge',
  'not-an-image',
  'oversized',
  'unknown-alert',
  'unknown-time',
  'unsupported-message',
  'withdrawn',
  'image-unreadable',
  'image-too-large',
  'uri-refused',
  'uri-unavailable',
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Input set aside, before it is given its place in the log. */
export interface Rejection {
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly patientId: string | null;
  readonly eventTime: number | null;
  /** Place of the observation within the message, or -1 for the message as a whole. */
  readonly index: number;
}

/** Where a message stood in the log. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Raw bytes kept with a dead letter. */
const MAX_RAW_BYTES = 65_536;
/** Characters of a detail, and of a patient id, that are kept: what a sender makes long is cut. */
const MAX_DETAIL = 500;
const MAX_PATIENT_ID = 256;
/** Values of a message told one by one; of further ones only the number is. */
const MAX_TOLD = 8;
const EMPTY = Buffer.alloc(0);

/** The dead letter of a rejection; its id is a hash of where the input stood, so a replay yields the same. */
export function deadLetter(
  origin: Origin,
  raw: Buffer | null,
  rejection: Rejection,
  count = 1,
): DeadLetterMessage {
  const { topic, partition, offset } = origin;
  const { reason, detail, patientId, eventTime, index } = rejection;
  return {
    deadLetterId: hashId(topic, partition, offset, index, reason),
    topic,
    partition,
    offset,
    reason,
    detail: shortened(detail, MAX_DETAIL),
    patientId: patientId === null ? null : shortened(patientId, MAX_PATIENT_ID),
    eventTime: eventTime !== null && isStorableTime(eventTime) ? eventTime : null,
    raw: raw === null ? EMPTY : Buffer.from(raw.subarray(0, MAX_RAW_BYTES)),
    count,
  };
}

/**
 * What is wrong with one message, as few dead letters: one a reason, of which the first has the bytes. So what a message
 * costs does not depend on how many of its values cannot be used.
 */
export class MessageRejections {
  #all: Rejection[] = [];
  readonly #byReason = new Map<DeadLetterReason, { first: Rejection; details: string[]; count: number }>();

  get isEmpty(): boolean {
    return this.#byReason.size === 0;
  }

  add(rejection: Rejection): void {
    const { reason, detail } = rejection;
    this.#all.push(rejection);
    const known = this.#byReason.get(reason);
    if (known === undefined) {
      this.#byReason.set(reason, { first: rejection, details: [detail], count: 1 });
      return;
    }
    known.count++;
    if (known.details.length < MAX_TOLD) known.details.push(detail);
  }

  /** One by one, until `take`. */
  get all(): readonly Rejection[] {
    return this.#all;
  }

  /** The letters of the message that stood at `origin`; what was added is forgotten. */
  take(origin: Origin, raw: Buffer): DeadLetterMessage[] {
    const letters: DeadLetterMessage[] = [];
    for (const { first, details, count } of this.#byReason.values()) {
      const more = count - details.length;
      const detail = shortened(details.join('; '), MAX_DETAIL - 40) + (more > 0 ? `; and ${more} more` : '');
      letters.push(deadLetter(origin, letters.length === 0 ? raw : null, { ...first, detail }, count));
    }
    this.#byReason.clear();
    this.#all = [];
    return letters;
  }
}

/** Dead letters, and their bytes, kept a second. */
export interface DeadLetterRate {
  readonly letters: number;
  readonly rawBytes: number;
}

/** What a second left out of one reason. */
interface LeftOut {
  readonly first: DeadLetterMessage;
  letters: number;
  count: number;
}

/**
 * Keeps dead letters within a rate, so that a feed in which every message is wrong fills neither topic nor store. Of what a second
 * left out, one letter a reason says in the next how many letters and values it was; the counters have all.
 */
export class DeadLetterLimit {
  readonly #rate: DeadLetterRate;
  readonly #leftOut = new Map<string, LeftOut>();
  #second = Number.NaN;
  #letters = 0;
  #rawBytes = 0;

  constructor(rate: DeadLetterRate) {
    this.#rate = rate;
  }

  /** Whether something was left out that is not told yet. */
  get isOwing(): boolean {
    return this.#leftOut.size > 0;
  }

  /** Those of a batch to keep, and what is to be told of the second before; `now` is the clock's time. */
  keep(letters: readonly DeadLetterMessage[], now: number): DeadLetterMessage[] {
    const kept = this.#begin(Math.floor(now / 1000));
    for (const letter of letters) {
      if (this.#letters >= this.#rate.letters) {
        this.#leaveOut(letter);
        continue;
      }
      this.#letters++;
      kept.push(this.#withinBytes(letter));
    }
    return kept;
  }

  /** Where another second has begun: the letters of what the one before left out. */
  #begin(second: number): DeadLetterMessage[] {
    if (second === this.#second) return [];
    this.#second = second;
    this.#letters = 0;
    this.#rawBytes = 0;
    const told = [...this.#leftOut.values()].map(({ first, letters, count }) => {
      const detail = `${letters} more dead letters, of ${count} values, from here on: more than are kept a second`;
      const reason = first.reason as DeadLetterReason;
      return deadLetter(first, null, { reason, detail, patientId: null, eventTime: null, index: -2 }, count);
    });
    this.#leftOut.clear();
    return told;
  }

  #leaveOut(letter: DeadLetterMessage): void {
    const known = this.#leftOut.get(letter.reason) ?? { first: letter, letters: 0, count: 0 };
    known.letters++;
    known.count += letter.count;
    this.#leftOut.set(letter.reason, known);
  }

  #withinBytes(letter: DeadLetterMessage): DeadLetterMessage {
    this.#rawBytes += letter.raw.length;
    if (letter.raw.length === 0 || this.#rawBytes <= this.#rate.rawBytes) return letter;
    return { ...letter, raw: EMPTY };
  }
}

/** Without the rest, and without half a character at its end. */
function shortened(text: string, length: number): string {
  return wellFormed(text.length <= length ? text : `${text.slice(0, length)}…`);
}

/** A deterministic identifier: the first 128 bits of SHA-256 over the parts, in hexadecimal. */
export function hashId(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('\u001f')).digest('hex').slice(0, 32);
}
