import type { EpochMs } from '../../events/event.js';

/** A record of the embedded log. */
export interface LogRecord {
  readonly offset: number;
  /** When it was appended. */
  readonly time: EpochMs;
  readonly key: string;
  /** Null: the key has no value any more. */
  readonly value: Buffer | null;
  /** Its writer's; left out where it said none. */
  readonly epoch?: number | undefined;
}

/** Time of 8 bytes, flags of 1, length of the key of 4; then the epoch of 8 where there is one, the key and the value. */
const HEAD_BYTES = 13;
const FLAGS_AT = 8;
const KEY_LENGTH_AT = 9;
const HAS_VALUE = 1;
const HAS_EPOCH = 2;
const EPOCH_BYTES = 8;

/** As it stands on the disk. */
export function encodeRecord(
  time: EpochMs,
  { key, value, epoch }: Pick<LogRecord, 'key' | 'epoch'> & { readonly value: Uint8Array | null },
): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const keyAt = HEAD_BYTES + (epoch === undefined ? 0 : EPOCH_BYTES);
  const bytes = Buffer.allocUnsafe(keyAt + keyBytes + (value?.length ?? 0));
  bytes.writeDoubleBE(time, 0);
  bytes[FLAGS_AT] = (value === null ? 0 : HAS_VALUE) | (epoch === undefined ? 0 : HAS_EPOCH);
  bytes.writeUInt32BE(keyBytes, KEY_LENGTH_AT);
  if (epoch !== undefined) bytes.writeDoubleBE(epoch, HEAD_BYTES);
  bytes.write(key, keyAt);
  if (value !== null) bytes.set(value, keyAt + keyBytes);
  return bytes;
}

export function decodeRecord(offset: number, bytes: Buffer): LogRecord {
  const flags = bytes[FLAGS_AT];
  const hasEpoch = (flags & HAS_EPOCH) !== 0;
  const keyAt = HEAD_BYTES + (hasEpoch ? EPOCH_BYTES : 0);
  const valueAt = keyAt + bytes.readUInt32BE(KEY_LENGTH_AT);
  return {
    offset,
    time: bytes.readDoubleBE(0),
    key: bytes.toString('utf8', keyAt, valueAt),
    value: (flags & HAS_VALUE) === 0 ? null : bytes.subarray(valueAt),
    epoch: hasEpoch ? bytes.readDoubleBE(HEAD_BYTES) : undefined,
  };
}

export function timeOf(bytes: Buffer): EpochMs {
  return bytes.readDoubleBE(0);
}
