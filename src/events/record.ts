import type { InputTopic } from '../contract/topics.js';
import type { Origin, Rejection } from './dead-letter.js';

/** What a record came in, asked only where something is wrong with it. */
export interface RecordSource {
  readonly key: Buffer | null;
  /** Set where the record stands for a batch that could not be read. */
  readonly fault?: Pick<Rejection, 'reason' | 'detail'> | undefined;
}

/** A record of the log, as the bus hands it over: its value is `bytes` from `start` to `end`, cut out only where it is asked for. */
export class RawRecord implements Origin {
  readonly topic: InputTopic;
  readonly partition: number;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly source: RecordSource | null;

  constructor(
    topic: InputTopic,
    partition: number,
    offset: number,
    bytes: Buffer,
    start = 0,
    end = bytes.length,
    source: RecordSource | null = null,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.source = source;
  }

  get value(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }
}
