/**
 * Blocks of LZ4 (its block format) and snappy (its format_description.txt): literals, and copies of what came before. In plain
 * TypeScript, since the native packages are optional packages of a platform, and copy more than they save on a batch of Kafka.
 * Nothing is written beyond `out`, whatever the bytes say.
 */

/** Copies that are longer, and do not overlap what they write, are worth a call. */
const WORTH_A_CALL = 32;

/**
 * What LZ4's block from `at` to `end` becomes, written to `out` from `to` on; a copy reaches back to `from` at most.
 * @returns where it ends in `out`. @throws RangeError where the block is damaged.
 */
export function inflateLz4Block(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  to: number,
  from: number,
): number {
  while (at < end) {
    const token = bytes[at++];
    let literals = token >> 4;
    if (literals === 15) {
      let byte: number;
      do {
        if (at >= end) throw cutOff('LZ4');
        byte = bytes[at++];
        literals += byte;
      } while (byte === 255);
    }
    if (at + literals > end) throw cutOff('LZ4');
    to = copyLiterals(bytes, at, literals, out, to);
    at += literals;
    // The last sequence of a block has no copy.
    if (at === end) return to;
    if (at + 2 > end) throw cutOff('LZ4');
    const offset = bytes[at] | (bytes[at + 1] << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let byte: number;
      do {
        if (at >= end) throw cutOff('LZ4');
        byte = bytes[at++];
        length += byte;
      } while (byte === 255);
    }
    to = copyBack(out, to, offset, length + 4, from);
  }
  return to;
}

/**
 * What snappy's block from `at` to `end`, behind its length, becomes, written to `out` from `to` on.
 * @returns where it ends in `out`. @throws RangeError where the block is damaged.
 */
export function inflateSnappyBlock(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  const from = to;
  while (at < end) {
    const tag = bytes[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const size = length - 59;
        length = littleEndian(bytes, at, size, end);
        at += size;
      }
      length++;
      if (at + length > end) throw cutOff('snappy');
      to = copyLiterals(bytes, at, length, out, to);
      at += length;
    } else {
      const size = kind === 3 ? 4 : kind;
      const low = littleEndian(bytes, at, size, end);
      at += size;
      const offset = kind === 1 ? low | ((tag >> 5) << 8) : low;
      const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      to = copyBack(out, to, offset, length, from);
    }
  }
  return to;
}

function copyLiterals(bytes: Uint8Array, at: number, length: number, out: Uint8Array, to: number): number {
  if (to + length > out.length) throw tooLong();
  if (length > WORTH_A_CALL) out.set(bytes.subarray(at, at + length), to);
  else for (let index = 0; index < length; index++) out[to + index] = bytes[at + index];
  return to + length;
}

function copyBack(out: Uint8Array, to: number, offset: number, length: number, from: number): number {
  let source = to - offset;
  const end = to + length;
  if (offset === 0 || source < from) throw new RangeError('a copy of what is not there');
  if (end > out.length) throw tooLong();
  if (length > WORTH_A_CALL && offset >= length) out.copyWithin(to, source, source + length);
  else while (to < end) out[to++] = out[source++];
  return end;
}

function littleEndian(bytes: Uint8Array, at: number, size: number, end: number): number {
  if (at + size > end) throw cutOff('snappy');
  let value = 0;
  for (let index = size - 1; index >= 0; index--) value = value * 256 + bytes[at + index];
  return value;
}

const cutOff = (format: string) => new RangeError(`${format}: the block is cut off`);
const tooLong = () => new RangeError('a block becomes more than its frame says');
