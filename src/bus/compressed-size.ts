/**
 * What compressed bytes become, told from their headers, so that nothing is inflated that would not fit. Formats: snappy's
 * format_description.txt; LZ4 frame format 1.6.4 and block format; Zstandard, RFC 8878.
 */

const LZ4_MAGIC = 0x184d2204;
const ZSTD_MAGIC = 0xfd2fb528;
/** Both formats: a frame with these beginnings holds something else and is skipped. */
const SKIPPABLE = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
/** LZ4 makes at most 255 bytes of one. */
const LZ4_MOST = 255;
/** No Zstandard block becomes more. */
const ZSTD_BLOCK_BYTES = 131_072;

/** What snappy's bytes from `start` on say that they become, and where their block begins. */
export function snappySize(bytes: Buffer, start: number): { readonly size: number; readonly at: number } {
  let size = 0;
  for (let index = 0, weight = 1; index < 5; index++, weight *= 128) {
    const byte = byteAt(bytes, start + index);
    size += (byte & 0x7f) * weight;
    if (byte < 128) return { size, at: start + index + 1 };
  }
  throw new RangeError('snappy: a length that does not end');
}

/** What LZ4 frames become: at most so much, and where that is beyond `limit`, exactly. */
export function lz4Size(bytes: Buffer, limit: number): number {
  let most = 0;
  eachLz4Block(bytes, ({ start, end, isPlain, blockBytes }) => {
    most += isPlain ? end - start : Math.min(blockBytes, (end - start) * LZ4_MOST);
  });
  return most <= limit ? most : lz4ExactSize(bytes);
}

/** What LZ4 frames become, read from every token of theirs. */
export function lz4ExactSize(bytes: Buffer): number {
  let size = 0;
  eachLz4Block(bytes, ({ start, end, isPlain }) => {
    size += isPlain ? end - start : lz4BlockSize(bytes, start, end);
  });
  return size;
}

/** What is known of Zstandard frames before they are inflated, in bytes. */
export interface ZstdSize {
  /** What they become at most. */
  readonly most: number;
  /** Whether each frame says what it becomes. */
  readonly isDeclared: boolean;
  /** Of those that do not, the largest window of the past that a decoder must hold. */
  readonly window: number;
  /** Where those say how large it is. */
  readonly windowsAt: readonly number[];
}

/** What Zstandard frames become. @throws RangeError where they are none. */
export function zstdSize(bytes: Uint8Array): ZstdSize {
  let most = 0;
  let window = 0;
  const windowsAt: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const magic = littleEndian(bytes, at, 4);
    if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) {
      at += 8 + littleEndian(bytes, at + 4, 4);
      continue;
    }
    if (magic !== ZSTD_MAGIC) throw new RangeError('zstd: no frame begins where one should');
    const flags = byteAt(bytes, at + 4);
    const isSingle = (flags & 0x20) !== 0;
    at += 5;
    let frameWindow = 0;
    if (!isSingle) {
      if (flags >> 6 === 0) windowsAt.push(at);
      const descriptor = byteAt(bytes, at++);
      frameWindow = windowOf(descriptor);
    }
    at += [0, 1, 2, 4][flags & 3];
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
    const size = littleEndian(bytes, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    at += sizeBytes;
    if (sizeBytes === 0) window = Math.max(window, frameWindow);
    let blocks = 0;
    for (let isLast = false; !isLast; ) {
      const head = littleEndian(bytes, at, 3);
      isLast = (head & 1) !== 0;
      const kind = (head >> 1) & 3;
      const length = head >> 3;
      at += 3 + (kind === 1 ? 1 : length);
      blocks += kind === 2 ? ZSTD_BLOCK_BYTES : length;
    }
    at += (flags & 4) !== 0 ? 4 : 0;
    most += sizeBytes === 0 ? blocks : size;
  }
  return {
    most,
    isDeclared: windowsAt.length === 0,
    window: Math.min(window, windowOf(descriptorFor(most))),
    windowsAt,
  };
}

/** The least window of which no frame that becomes so many bytes looks further back, as a frame says it. */
export function descriptorFor(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(1, bytes))) - 10) << 3;
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

export interface Lz4Block {
  readonly start: number;
  readonly end: number;
  /** As it was, not compressed. */
  readonly isPlain: boolean;
  /** What a block of its frame may become. */
  readonly blockBytes: number;
  /** Whether it is the first of its frame: copies reach back into the frame, not beyond. */
  readonly isFirst: boolean;
}

/** Tells of every block of LZ4 frames. @throws RangeError where they are none, or are cut off. */
export function eachLz4Block(bytes: Buffer, tell: (block: Lz4Block) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const magic = bytes.readUInt32LE(at);
    if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== LZ4_MAGIC) throw new RangeError('LZ4: no frame begins where one should');
    const flags = byteAt(bytes, at + 4);
    const blockBytes = 2 ** (8 + 2 * ((byteAt(bytes, at + 5) >> 4) & 7));
    at += 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
    for (let isFirst = true; ; isFirst = false) {
      const head = bytes.readUInt32LE(at);
      at += 4;
      if (head === 0) break;
      const end = at + (head & 0x7fffffff);
      if (end > bytes.length) throw new RangeError('LZ4: the last block is cut off');
      tell({ start: at, end, isPlain: head > 0x7fffffff, blockBytes, isFirst });
      at = end + ((flags & 0x10) !== 0 ? 4 : 0);
    }
    at += (flags & 0x04) !== 0 ? 4 : 0;
  }
}

/** The sum of a block's literals and matches, read from its tokens. */
function lz4BlockSize(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let size = 0;
  const extended = (length: number) => {
    if (length !== 15) return length;
    let sum = length;
    for (let byte = 255; byte === 255 && at < end; ) {
      byte = bytes[at++];
      sum += byte;
    }
    return sum;
  };
  while (at < end) {
    const token = bytes[at++];
    const literals = extended(token >> 4);
    at += literals;
    size += literals;
    if (at >= end) break;
    at += 2;
    size += extended(token & 15) + 4;
  }
  return size;
}

function littleEndian(bytes: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + byteAt(bytes, start + index);
  return value;
}

function byteAt(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) throw new RangeError('the compressed bytes are cut off');
  return bytes[at];
}
