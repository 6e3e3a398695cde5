import type { EpochMs } from '../../events/event.js';

/** A record of the embedded log. */
export interface LogRecord {
  readonly offset: number;
  /** When it was appended. */
  readonly time: EpochMs;
  readonly key: string;
  /** Null: the key has no value any more. */
  readonly value: Buffer | null;
}

/** Time of 8 bytes, flags of 1, length of the key of 4; then the key and the value. */
const HEAD_BYTES = 13;
const FLAGS_AT = 8;
const KEY_LENGTH_AT = 9;
const HAS_VALUE = 1;

/** As it stands on the disk. */
export function encodeRecord(time: EpochMs, key: string, value: Uint8Array | null): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + keyBytes + (value?.length ?? 0));
  bytes.writeDoubleBE(time, 0);
  bytes[FLAGS_AT] = value === null ? 0 : HAS_VALUE;
  bytes.writeUInt32BE(keyBytes, KEY_LENGTH_AT);
  bytes.write(key, HEAD_BYTES);
  if (value !== null) bytes.set(value, HEAD_BYTES + keyBytes);
  return bytes;
}

export function decodeRecord(offset: number, bytes: Buffer): LogRecord {
  const valueAt = HEAD_BYTES + bytes.readUInt32BE(KEY_LENGTH_AT);
  return {
    offset,
    time: bytes.readDoubleBE(0),
    key: bytes.toString('utf8', HEAD_BYTES, valueAt),
    value: bytes[FLAGS_AT] === HAS_VALUE ? bytes.subarray(valueAt) : null,
  };
}

export function timeOf(bytes: Buffer): EpochMs {
  return bytes.readDoubleBE(0);
}
