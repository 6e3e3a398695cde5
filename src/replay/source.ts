import type { MessageCodec } from '../events/codec.js';
import type { EpochMs } from '../events/event.js';
import type { MessageOf } from '../events/messages.js';
import { type InputTopic, RECORD_OF_TOPIC } from '../events/topics.js';

/** A message of history. */
export interface SourceMessage {
  readonly topic: InputTopic;
  /** The patient id. */
  readonly key: string;
  readonly eventTime: EpochMs;
  /** What it says; or its bytes, where it was recorded from a bus. */
  readonly record: MessageOf[keyof MessageOf] | Buffer;
}

/** What a source read, so that every row can be accounted for. */
export interface SourceCounts {
  patients: number;
  /** Rows of the files, headers not counted. */
  rows: number;
  /** Rows that became fields of an admission message. */
  descriptors: number;
  /** Rows that say "not recorded". */
  notRecorded: number;
  /** Rows that could not be read at all. */
  malformed: number;
}

/** History to be replayed: messages in event-time order. */
export interface ReplaySource {
  readonly counts: SourceCounts;
  /** Stays there are to read, for progress; 0 where it is not known beforehand. */
  readonly total: number;
  messages(): Iterable<SourceMessage> | AsyncIterable<SourceMessage>;
}

/** The bytes of a message as they are on the bus. */
export function bytesOf({ topic, record }: SourceMessage, codec: MessageCodec): Buffer {
  return Buffer.isBuffer(record) ? record : codec.encode(RECORD_OF_TOPIC[topic], record as never);
}
