import { inflate, TooLargeError } from './kafka-codecs.js';
import type { FetchPosition, IHeaders } from './kafkajs/index.js';

/**
 * Record batches, format 2 (Kafka protocol guide, "Record Batch"), read with numbers. kafkajs reads each offset and time as a
 * BigInt and slices each record before its key and value, which costs more than the rest of the way from the broker to features
 * (docs/kafka-clients.md).
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

/** A record takes no fewer bytes: length, attributes, time, offset, no key, no value, no headers. */
const LEAST_RECORD_BYTES = 7;
/** Of a batch at most, each some hundred bytes beside its own; a producer's batch has some thousands. */
const MAX_RECORDS = 500_000;
const RECORD_OVERHEAD_BYTES = 128;
/** Handed over at once: kafkajs passes them on as arguments of one call, of which there may not be many. */
const MAX_PART = 50_000;
/** Of a batch that is not read, so much is kept of its bytes. */
const KEPT_BYTES = 65_536;

const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const MAGIC = 2;

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
  /** Why its records are not here; one record stands for them. */
  readonly fault?: UnreadBatch;
}

/** A batch whose records are not read: it is damaged, or would become more than it may. */
export interface UnreadBatch {
  readonly reason: 'undecodable' | 'oversized';
  readonly detail: string;
  /** As the batch counts them. */
  readonly records: number;
}

interface Batch extends Omit<BatchContext, 'magicByte'> {
  readonly records: BatchRecord[];
}
export type BatchReader = (
  position: FetchPosition,
  own: (position: FetchPosition) => Promise<Batch>,
) => Promise<Batch>;

/**
 * Reads what kafkajs's own reader would; what is cut off, and offsets beyond the numbers, are left to that. A batch may become
 * `maxBytes` when it is inflated, and so may all of one fetch: what is behind in it is left for the next. Of a batch that cannot
 * be read there is one record, at its last offset, that says so.
 */
export function batchReader(maxBytes: number): BatchReader {
  /** Batches of which a part has been handed over, by kafkajs's place in the fetch. */
  const begun = new WeakMap<FetchPosition, Batch>();
  /** What came of a fetch so far, by its bytes. */
  const inflated = new WeakMap<ArrayBufferLike, number>();
  return async (position, own) => {
    const rest = begun.get(position);
    if (rest !== undefined) return nextPart(begun, position, rest, endOf(position));
    const { buffer, offset: start } = position;
    const firstOffset = Number(buffer.readBigInt64BE(start));
    const firstTimestamp = Number(buffer.readBigInt64BE(start + FIRST_TIMESTAMP));
    const end = endOf(position);
    const isSafe = Number.isSafeInteger(firstOffset + 2 ** 31) && Number.isSafeInteger(firstTimestamp);
    if (end > buffer.length || !isSafe) return own(position);
    const attributes = buffer.readInt16BE(start + ATTRIBUTES);
    const codec = attributes & CODEC;
    const before = codec === 0 ? 0 : (inflated.get(buffer.buffer) ?? 0);
    if (before >= maxBytes) throw new LeftForNextFetch('enough of this fetch is inflated');
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
    const count = buffer.readInt32BE(start + COUNT);
    let records: BatchRecord[];
    try {
      const body = codec === 0 ? bytes : await inflate(codec, bytes, maxBytes);
      if (codec !== 0) inflated.set(buffer.buffer, before + body.length + count * RECORD_OVERHEAD_BYTES);
      records = recordsIn(body, count, context, firstOffset, firstTimestamp);
    } catch (error) {
      records = [unread(error, bytes, count, context, firstOffset, firstTimestamp)];
    }
    const last = firstOffset + context.lastOffsetDelta;
    if ((records.at(-1)?.position ?? -1) < last) records.push(markerOf(context, last));
    const { magicByte: _, ...batch } = context;
    return nextPart(begun, position, { ...batch, records }, end);
  };
}

/** Where the batch that begins at the place ends. */
function endOf({ buffer, offset }: FetchPosition): number {
  return offset + BEHIND_LENGTH + buffer.readInt32BE(offset + LENGTH);
}

/** kafkajs takes it for the cut-off end of a fetch and asks for what follows with the next one. */
class LeftForNextFetch extends Error {
  override readonly name = 'KafkaJSPartialMessageError';
}

/** The records there are still to be handed over of a batch, or some of them; behind the last, kafkajs goes on at `end`. */
function nextPart(
  begun: WeakMap<FetchPosition, Batch>,
  position: FetchPosition,
  batch: Batch,
  end: number,
): Batch {
  const { records } = batch;
  if (records.length <= MAX_PART) {
    begun.delete(position);
    position.offset = end;
    return batch;
  }
  begun.set(position, { ...batch, records: records.slice(MAX_PART) });
  return { ...batch, records: records.slice(0, MAX_PART) };
}

/** @throws Error where the bytes are not so many records. */
function recordsIn(
  bytes: Buffer,
  count: number,
  context: BatchContext,
  firstOffset: number,
  firstTimestamp: number,
): BatchRecord[] {
  if (count * LEAST_RECORD_BYTES > bytes.length) throw new RangeError(`${count} records do not fit in it`);
  if (count > MAX_RECORDS) throw new TooLargeError(`${count} records; at most ${MAX_RECORDS}`);
  const reader = new Reader(bytes, 0);
  const records = new Array<BatchRecord>(Math.max(0, count));
  for (let index = 0; index < records.length; index++) {
    records[index] = reader.record(context, firstOffset, firstTimestamp);
  }
  return records;
}

/** The record that stands for those of a batch that cannot be read. Without a key; its value is the first of the batch's bytes. */
function unread(
  error: unknown,
  bytes: Buffer,
  count: number,
  context: BatchContext,
  firstOffset: number,
  firstTimestamp: number,
): BatchRecord {
  const { lastOffsetDelta } = context;
  const last = firstOffset + lastOffsetDelta;
  const reason = error instanceof TooLargeError ? 'oversized' : 'undecodable';
  const why = error instanceof Error ? error.message : String(error);
  const which = `${count} records at offsets ${firstOffset} to ${last}, ${bytes.length} bytes`;
  const fault = { reason, detail: `a batch that cannot be read (${which}): ${why}`, records: count } as const;
  const kept = bytes.subarray(0, KEPT_BYTES);
  const head = Buffer.from([NO_KEY, ...zigzag(kept.length)]);
  const record = Buffer.concat([head, kept, NO_HEADERS]);
  const valueEnd = head.length + kept.length;
  return new BatchRecord({ ...context, fault }, 0, last, firstTimestamp, record, 0, head.length, valueEnd);
}

/** The length -1. */
const NO_KEY = 1;
const NO_HEADERS = Buffer.alloc(1);
/** A record without key, value and headers, from where its key begins. */
const NO_RECORD = Buffer.from([NO_KEY, NO_KEY, 0]);

/** A length as it stands in a record. */
function zigzag(length: number): number[] {
  const bytes: number[] = [];
  let left = length * 2;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return [...bytes, left];
}

/**
 * The end of a batch whose last records compaction has removed. It counts as a marker, which kafkajs reads past and hands to nobody:
 * by the records that are left alone it would ask for the missing ones one after the other, or for ever where none is left.
 */
function markerOf(context: BatchContext, offset: number): BatchRecord {
  return new BatchRecord({ ...context, isControlBatch: true }, 0, offset, 0, NO_RECORD, 0, 0, 0);
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

  get fault(): UnreadBatch | undefined {
    return this.batchContext.fault;
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
    if (!(end <= bytes.length && valueEnd <= end)) throw new RangeError('a record is longer than its batch');
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
