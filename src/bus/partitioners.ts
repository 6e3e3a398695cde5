import { crc32 } from 'node:zlib';

/**
 * Where clients put a message by its key. murmur2 is that of Java's client and of kafkajs, and the one of the data contract; CRC32
 * is librdkafka's default, and so that of its clients for Python, Go and .NET.
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The partition of a key by murmur2, of so many. Linear in the key, however long: kafkajs's own takes seconds for 600 000 bytes. */
export function murmur2Partition(key: string | Buffer, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** The partition of a key by CRC32, of so many. */
export function crc32Partition(key: Buffer, partitions: number): number {
  return crc32(key) % partitions;
}

/** `Utils.murmur2` of Java's client, as a signed number of 32 bits. */
export function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  if (length > whole) {
    for (let at = length - 1; at >= whole; at--) hash ^= bytes[at] << (8 * (at - whole));
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
