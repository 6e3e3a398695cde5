import { createRequire } from 'node:module';
import kafkajs, { type IHeaders } from 'kafkajs';

/**
 * Record batches, format 2 (Kafka protocol guide, "Record Batch"), read with numbers. kafkajs reads each offset and time as a
 * BigInt and slices each record before its key and value, which costs more than the rest of the way from the broker to features
 * (docs/kafka-clients.md). It has no place to put another reader, so this one takes the place of a module of its own, of the one
 * version that is known here; any other version reads by itself.
 */

const KNOWN_VERSION = '2.2.4';
const READER = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';

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
interface BatchMessage {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}
interface Batch extends Omit<BatchContext, 'magicByte'> {
  readonly records: BatchMessage[];
}
/** Those of kafkajs, to which others may be added; none of a batch that is not compressed. */
const CODECS: Readonly<Record<number, () => { decompress(bytes: Buffer): Promise<Buffer> }>> =
  kafkajs.CompressionCodecs;

export type BatchReader = (position: Position) => Promise<Batch>;

/** Has kafkajs read batches this way from now on, where it has not read any yet. False where its version is not the one known. */
export function readBatchesFast(): boolean {
  const require = createRequire(import.meta.url);
  if (require('kafkajs/package.json').version !== KNOWN_VERSION) return false;
  const own: BatchReader = require(READER);
  const module = require.cache[require.resolve(READER)];
  if (module === undefined) return false;
  module.exports = batchReader(own);
  return true;
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
    const reader = new RecordReader(codec === undefined ? bytes : await codec.decompress(bytes));
    const records = new Array<BatchMessage>(Math.max(0, buffer.readInt32BE(start + COUNT)));
    for (let index = 0; index < records.length; index++) {
      records[index] = reader.read(context, firstOffset, firstTimestamp);
    }
    position.offset = end;
    const { magicByte: _, ...batch } = context;
    return { ...batch, records };
  };
}

const NO_HEADERS: IHeaders = Object.freeze({});

/** Reads records one after the other. */
class RecordReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(batchContext: BatchContext, firstOffset: number, firstTimestamp: number): BatchMessage {
    this.#number(); // length
    const attributes = this.#bytes.readInt8(this.#at++);
    const timestamp = firstTimestamp + this.#number();
    return {
      magicByte: MAGIC,
      attributes,
      timestamp: batchContext.timestampType === 1 ? batchContext.maxTimestamp : String(timestamp),
      offset: String(firstOffset + this.#number()),
      key: this.#slice(),
      value: this.#slice(),
      headers: this.#headers(),
      isControlRecord: batchContext.isControlBatch,
      batchContext,
    };
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

  #slice(): Buffer | null {
    const length = this.#number();
    if (length < 0) return null;
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  #headers(): IHeaders {
    const count = this.#number();
    if (count <= 0) return NO_HEADERS;
    const headers: IHeaders = {};
    for (let index = 0; index < count; index++) {
      const key = String(this.#slice());
      const value = this.#slice() as Buffer;
      const before = headers[key];
      headers[key] = before === undefined ? value : [before, value].flat();
    }
    return headers;
  }
}
