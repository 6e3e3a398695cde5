import type { RecordName } from '../events/codec.js';
import type { EpochMs } from '../events/event.js';
import type { MessageOf } from '../events/messages.js';
import { type InputTopic, RECORD_OF_TOPIC } from '../events/topics.js';

/** A message of history, before it is encoded. */
export interface SourceMessage {
  readonly topic: InputTopic;
  /** The patient id. */
  readonly key: string;
  readonly eventTime: EpochMs;
  readonly record: MessageOf[keyof MessageOf];
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
  /** Stays there are to read, for progress. */
  readonly total: number;
  messages(): Iterable<SourceMessage>;
}

/** The schema of a message's topic. */
export function recordNameOf(topic: InputTopic): RecordName & keyof MessageOf {
  return RECORD_OF_TOPIC[topic];
}
