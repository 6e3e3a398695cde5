import { readFileSync } from 'node:fs';
import avro from 'avsc';

/**
 * Avro types and fingerprints. Single-object encoding (Avro specification 1.11, "Single-object encoding"):
 * bytes C3 01, the CRC-64-AVRO fingerprint of the writer schema in little-endian order, then the datum.
 */

const EMPTY_CRC = 0xc15d213aa4d7a795n;
const CRC_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? EMPTY_CRC : 0n);
  return crc;
});

/** CRC-64-AVRO of a text, as the specification's `fingerprint64`. */
export function crc64Avro(text: string): bigint {
  let crc = EMPTY_CRC;
  for (const byte of Buffer.from(text, 'utf8')) {
    crc = (crc >> 8n) ^ CRC_TABLE[Number((crc ^ BigInt(byte)) & 0xffn)];
  }
  return crc;
}

export const SINGLE_OBJECT_HEADER_BYTES = 10;

/** The ten bytes before every datum written with `type`. */
export function singleObjectHeader(type: avro.Type): Buffer {
  const header = Buffer.alloc(SINGLE_OBJECT_HEADER_BYTES);
  header.writeUInt16BE(0xc301, 0);
  header.writeBigUInt64LE(crc64Avro(JSON.stringify(type.schema())), 2);
  return header;
}

/** The fingerprint in that header, in hexadecimal as it stands there. */
export function fingerprintOf(type: avro.Type): string {
  return singleObjectHeader(type).toString('hex', 2);
}

/** Reads one schema file of `schemas/`. */
export function readSchema(name: string): avro.Schema {
  return JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'));
}

/** The Avro type of a schema. Timestamps stay plain numbers: milliseconds since the epoch. */
export function parseSchema(schema: avro.Schema): avro.Type {
  return avro.Type.forSchema(withRepeatedStrings(schema), { registry: {}, wrapUnions: false });
}

interface Tap {
  buf: Buffer;
  pos: number;
  readLong(): number;
  skipLong(): void;
  readString(): string;
  skipString(): void;
}
interface ItemType {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
}

/** Fields whose few values come again in message after message. */
const REPEATED_FIELDS = new Set(['code', 'unit', 'source', 'patientId']);
const SLOTS = 4096;
const SLOT_BYTES = 32;

/**
 * Strings that are mostly ones seen before: looked up by their bytes, which costs less than to make them again, and leaves
 * nothing to be collected. One in each of a few thousand places; a newer one takes the place.
 */
class RepeatedStrings {
  readonly #bytes = new Uint8Array(SLOTS * SLOT_BYTES);
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #texts: string[] = new Array(SLOTS).fill('');

  read(tap: Tap): string {
    const before = tap.pos;
    const length = tap.readLong();
    const { buf, pos } = tap;
    const end = pos + length;
    if (!(length >= 0 && length <= SLOT_BYTES && end <= buf.length)) {
      tap.pos = before;
      return tap.readString();
    }
    tap.pos = end;
    return this.at(buf, pos, end);
  }

  /** The text in at most SLOT_BYTES bytes. */
  at(buf: Buffer, pos: number, end: number): string {
    const length = end - pos;
    let hash = length;
    for (let at = pos; at < end; at++) hash = Math.imul(hash, 31) + buf[at];
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    if (this.#lengths[slot] === length && this.#isIn(slot, buf, pos, length)) return this.#texts[slot];
    this.#bytes.set(buf.subarray(pos, end), slot * SLOT_BYTES);
    this.#lengths[slot] = length;
    this.#texts[slot] = buf.toString('utf8', pos, end);
    return this.#texts[slot];
  }

  #isIn(slot: number, buf: Buffer, pos: number, length: number): boolean {
    const bytes = this.#bytes;
    const start = slot * SLOT_BYTES;
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== buf[pos + index]) return false;
    }
    return true;
  }
}

const STRINGS = new RepeatedStrings();

/** The text in bytes that are mostly ones seen before. */
export function repeatedText(bytes: Buffer, start: number, end: number): string {
  return end - start <= SLOT_BYTES ? STRINGS.at(bytes, start, end) : bytes.toString('utf8', start, end);
}

/** Avro's string. avsc calls `_read` also as a method of its resolvers. */
class RepeatedString extends avro.types.StringType {
  _read(tap: Tap): string {
    return STRINGS.read(tap);
  }
}

const REPEATED = new RepeatedString();

/** The schema with the type of those fields in place of their name for it. */
function withRepeatedStrings(schema: avro.Schema): avro.Schema {
  if (Array.isArray(schema)) return schema.map(withRepeatedStrings) as avro.Schema;
  if (typeof schema !== 'object' || avro.Type.isType(schema)) return schema;
  const { fields, items } = schema as { fields?: { name: string; type: avro.Schema }[]; items?: avro.Schema };
  if (items !== undefined) return { ...schema, items: withRepeatedStrings(items) } as avro.Schema;
  if (fields === undefined) return schema;
  const read = fields.map((field) => {
    const isRepeated = field.type === 'string' && REPEATED_FIELDS.has(field.name);
    return { ...field, type: isRepeated ? REPEATED : withRepeatedStrings(field.type) };
  });
  return { ...schema, fields: read } as avro.Schema;
}

/** Thrown while reading an array or map whose declared length does not fit in the bytes that are left. */
export class ImpossibleLengthError extends RangeError {}

/** Items of the next block, of which `before` have been read: together no more than the message has bytes. */
function blockLength(tap: Tap, before: number): number {
  const count = tap.readLong();
  const length = count < 0 ? -count : count;
  if (!(length <= tap.buf.length - tap.pos && before + length <= tap.buf.length)) {
    throw new ImpossibleLengthError(`an array of ${before + length} items does not fit in the message`);
  }
  if (count < 0) tap.skipLong();
  return length;
}

/** avsc reads on past the end, slowly; an item may be the last only if it still lay within the message. */
function checkWithin(tap: Tap): void {
  if (tap.pos > tap.buf.length) throw new ImpossibleLengthError('the message ends within an array');
}

/**
 * avsc 5.7 trusts the item count an array or map declares: ten hostile bytes make it loop until memory is gone.
 * No item type of ours encodes to nothing, so a count above the bytes left is certainly false; nor is memory taken for items that have
 * not come. Items of another writer's schema may encode to nothing: there are as many as the message has bytes at most.
 */
function guardArrays(): void {
  const prototype = prototypeOf(avro.types.ArrayType);
  prototype._read = function read(this: { itemsType: ItemType }, tap: Tap): unknown[] {
    const values: unknown[] = [];
    eachItem(tap, () => values.push(this.itemsType._read(tap)));
    return values;
  };
  prototype._skip = function skip(this: { itemsType: ItemType }, tap: Tap): void {
    eachItem(tap, () => this.itemsType._skip(tap));
  };
  const mapPrototype = prototypeOf(avro.types.MapType);
  mapPrototype._read = function read(this: { valuesType: ItemType }, tap: Tap): Record<string, unknown> {
    const entries: Record<string, unknown> = Object.create(null);
    eachItem(tap, () => {
      const key = tap.readString();
      entries[key] = this.valuesType._read(tap);
    });
    return entries;
  };
  mapPrototype._skip = function skip(this: { valuesType: ItemType }, tap: Tap): void {
    eachItem(tap, () => {
      tap.skipString();
      this.valuesType._skip(tap);
    });
  };
}

/** Deals with the items of an array or map, block by block, each within the message. */
function eachItem(tap: Tap, item: () => void): void {
  let before = 0;
  for (let length = blockLength(tap, before); length > 0; length = blockLength(tap, before)) {
    before += length;
    for (; length > 0; length--) {
      item();
      checkWithin(tap);
    }
  }
}

function prototypeOf(type: unknown): Record<string, unknown> {
  return (type as { prototype: Record<string, unknown> }).prototype;
}

guardArrays();
