import { RECORD_OF_TOPIC } from '../contract/topics.js';
import type { MessageCodec } from '../events/codec.js';
import type { SourceMessage } from '../events/source-message.js';
import type { Labels } from './labels.js';

/** What a source read, so that every row can be accounted for. */
export interface SourceCounts {
  patients: number;
  /** Rows of the files, headers not counted; of wide tables, cells that hold a value. */
  rows: number;
  /** Rows that became fields of an admission message. */
  descriptors: number;
  /** Rows that say "not recorded". */
  notRecorded: number;
  /** Rows that could not be read at all. */
  malformed: number;
}

/** What a source set aside, by name: nothing is dropped without standing here. */
export class Ledger {
  /** Values by code that no variable is mapped to. */
  readonly unmapped = new Map<string, number>();
  /** Values of stays that are used, by why they were not. */
  readonly values = new Map<string, number>();
  /** Stays, by why they do not enter. */
  readonly stays = new Map<string, number>();
  /** Stays that do enter, by what is odd about them. */
  readonly notes = new Map<string, number>();

  /** Values that are in `counts.rows` and reach the pipeline in no form, not even as a dead letter. */
  setAside = 0;

  static add(to: Map<string, number>, what: string, count = 1): void {
    to.set(what, (to.get(what) ?? 0) + count);
  }

  /** Sets aside one value: of a code that is not mapped, or for a reason. */
  leaveOut(where: 'unmapped' | 'values', what: string): void {
    this.setAside++;
    Ledger.add(this[where], what);
  }
}

/** History to be replayed: messages in event-time order. */
export interface ReplaySource {
  readonly counts: SourceCounts;
  /** Stays there are to read, for progress; 0 where it is not known beforehand. */
  readonly total: number;
  /** Whether its times of day are real; history given as hours since admission has none. */
  readonly hasClock?: boolean;
  readonly ledger?: Ledger;
  messages(): Iterable<SourceMessage> | AsyncIterable<SourceMessage>;
  /** Outcomes that come with the source; called after all messages were read. Null: it has none. */
  labels?(): Promise<Labels | null>;
}

export function noCounts(): SourceCounts {
  return { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
}

/** The bytes of a message as they are on the bus. */
export function bytesOf({ topic, record }: SourceMessage, codec: MessageCodec): Buffer {
  return Buffer.isBuffer(record) ? record : codec.encode(RECORD_OF_TOPIC[topic], record as never);
}
