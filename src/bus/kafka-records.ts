import kafkajs, { type IHeaders } from 'kafkajs';
import { replaceInKafkajs } from './kafka-internals.js';

/**
 * Record batches, format 2 (Kafka protocol guide, "Record Batch"), read with numbers. kafkajs reads each offset and time as a
 * BigInt and slices each record before its key and value, which costs more than the rest of the way from the broker to features
 * (docs/kafka-clients.md). It has no place to put another reader, so this one takes the place of a module of its own.
 */

/** Places in a batch, in bytes from its start. */
const LENGTH = 8;
const LEADER_EPOCH = 12;
const ATTRIBUTES = 21;
const LAST_OFFSET_DELTA = 23;
const FIRST_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER_ID = 43;
const PRODUCER_EPOCH = 51;
const FIRST_SEQUENCE = 53;
const COUNT = 57;
const RECORDS = 61;
/** `LENGTH` counts the bytes behind itself. */
const BEHIND_LENGTH = 12;

const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const MAGIC = 2;

/** Where kafkajs is in the bytes of a fetch. */
interface Position {
  buffer: Buffer;
  offset: number;
}
/** What kafkajs calls a batch; its messages refer to it. */
interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
}
interface Batch extends Omit<BatchContext, 'magicByte'> {
  readonly records: BatchRecord[];
}
/** Those of kafkajs, to which others may be added; none of a batch that is not compressed. */
const CODECS: Readonly<Record<number, () => { decompress(bytes: Buffer): Promise<Buffer> }>> =
  kafkajs.CompressionCodecs;

export type BatchReader = (position: Position) => Promise<Batch>;

/** Has kafkajs read batches this way from now on, where it has not read any yet. False where it cannot be told to. */
export function readBatchesFast(): boolean {
  return replaceInKafkajs('recordBatch/v0/decoder', batchReader);
}

/** Reads what `own`, kafkajs's reader, would; what is cut off, and offsets beyond the numbers, are left to it. */
export function batchReader(own: BatchReader): BatchReader {
  return async (position) => {
    const { buffer, offset: start } = position;
    const firstOffset = Number(buffer.readBigInt64BE(start));
    const firstTimestamp = Number(buffer.readBigInt64BE(start + FIRST_TIMESTAMP));
    const end = start + BEHIND_LENGTH + buffer.readInt32BE(start + LENGTH);
    const isSafe = Number.isSafeInteger(firstOffset + 2 ** 31) && Number.isSafeInteger(firstTimestamp);
    if (end > buffer.length || !isSafe) return own(position);
    const attributes = buffer.readInt16BE(start + ATTRIBUTES);
    const context: BatchContext = {
      firstOffset: String(firstOffset),
      firstTimestamp: String(firstTimestamp),
      partitionLeaderEpoch: buffer.readInt32BE(start + LEADER_EPOCH),
      inTransaction: (attributes & TRANSACTIONAL) > 0,
      isControlBatch: (attributes & CONTROL) > 0,
      lastOffsetDelta: buffer.readInt32BE(start + LAST_OFFSET_DELTA),
      producerId: String(buffer.readBigInt64BE(start + PRODUCER_ID)),
      producerEpoch: buffer.readInt16BE(start + PRODUCER_EPOCH),
      firstSequence: buffer.readInt32BE(start + FIRST_SEQUENCE),
      maxTimestamp: String(buffer.readBigInt64BE(start + MAX_TIMESTAMP)),
      timestampType: (attributes & LOG_APPEND_TIME) > 0 ? 1 : 0,
      magicByte: MAGIC,
    };
    const bytes = buffer.subarray(start + RECORDS, end);
    const codec = CODECS[attributes & CODEC]?.();
    const reader = new Reader(codec === undefined ? bytes : await codec.decompress(bytes), 0);
    const records = new Array<BatchRecord>(Math.max(0, buffer.readInt32BE(start + COUNT)));
    for (let index = 0; index < records.length; index++) {
      records[index] = reader.record(context, firstOffset, firstTimestamp);
    }
    position.offset = end;
    const { magicByte: _, ...batch } = context;
    return { ...batch, records };
  };
}

/** What kafkajs calls a message. Of what is not asked for nothing is made: a slice costs as much as the rest of a record. */
export class BatchRecord {
  readonly magicByte = MAGIC;
  readonly attributes: number;
  readonly batchContext: BatchContext;
  /** The offset as a number. */
  readonly position: number;
  /** All records of the batch. The value is what is from `valueStart` to `valueEnd`; where it is null, nothing. */
  readonly bytes: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly #timestamp: number;
  readonly #keyAt: number;

  constructor(
    batchContext: BatchContext,
    attributes: number,
    position: number,
    timestamp: number,
    bytes: Buffer,
    keyAt: number,
    valueStart: number,
    valueEnd: number,
  ) {
    this.batchContext = batchContext;
    this.attributes = attributes;
    this.position = position;
    this.bytes = bytes;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    this.#timestamp = timestamp;
    this.#keyAt = keyAt;
  }

  get offset(): string {
    return String(this.position);
  }

  get timestamp(): string {
    const { timestampType, maxTimestamp } = this.batchContext;
    return timestampType === 1 ? maxTimestamp : String(this.#timestamp);
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch;
  }

  get key(): Buffer | null {
    return this.#behindOffset().slice();
  }

  get value(): Buffer | null {
    const reader = this.#behindOffset();
    reader.slice();
    return reader.slice();
  }

  get headers(): IHeaders {
    const reader = this.#behindOffset();
    reader.slice();
    reader.slice();
    return reader.headers();
  }

  #behindOffset(): Reader {
    return new Reader(this.bytes, this.#keyAt);
  }
}

/** Reads records one after the other. */
class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  record(batchContext: BatchContext, firstOffset: number, firstTimestamp: number): BatchRecord {
    const bytes = this.#bytes;
    const length = this.#number();
    const end = this.#at + length;
    const attributes = bytes.readInt8(this.#at++);
    const timestamp = firstTimestamp + this.#number();
    const position = firstOffset + this.#number();
    const keyAt = this.#at;
    this.#skip();
    const valueLength = Math.max(0, this.#number());
    const valueStart = this.#at;
    this.#at = end;
    const valueEnd = valueStart + valueLength;
    return new BatchRecord(batchContext, attributes, position, timestamp, bytes, keyAt, valueStart, valueEnd);
  }

  #skip(): void {
    const length = this.#number();
    if (length > 0) this.#at += length;
  }

  slice(): Buffer | null {
    const length = this.#number();
    if (length < 0) return null;
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  headers(): IHeaders {
    const headers: IHeaders = {};
    for (let left = this.#number(); left > 0; left--) {
      const key = String(this.slice());
      const value = this.slice() as Buffer;
      const before = headers[key];
      headers[key] = before === undefined ? value : [before, value].flat();
    }
    return headers;
  }

  /** A variable-length integer, zigzag encoded. */
  #number(): number {
    let byte = this.#bytes[this.#at++];
    let value = byte & 0x7f;
    for (let weight = 128; byte > 127; weight *= 128) {
      byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * weight;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
