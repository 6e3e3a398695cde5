import { createHash } from 'node:crypto';
import type { DeadLetterMessage } from './messages.js';

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
  /** Of a `no-reading`: the variable that was not read. */
  readonly variable?: number;
}

/** Where a message stood in the log. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Raw bytes kept with a dead letter. */
const MAX_RAW_BYTES = 65_536;
const EMPTY = Buffer.alloc(0);

/** The dead letter of a rejection; its id is a hash of where the input stood, so a replay yields the same. */
export function deadLetter(origin: Origin, raw: Buffer | null, rejection: Rejection): DeadLetterMessage {
  const { topic, partition, offset } = origin;
  return {
    deadLetterId: hashId(topic, partition, offset, rejection.index, rejection.reason),
    topic,
    partition,
    offset,
    reason: rejection.reason,
    detail: rejection.detail,
    patientId: rejection.patientId,
    eventTime: rejection.eventTime,
    raw: raw === null ? EMPTY : Buffer.from(raw.subarray(0, MAX_RAW_BYTES)),
  };
}

/** A deterministic identifier: the first 128 bits of SHA-256 over the parts, in hexadecimal. */
export function hashId(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('\u001f')).digest('hex').slice(0, 32);
}
