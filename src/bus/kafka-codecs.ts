import { unzip } from 'node:zlib';
import {
  eachLz4Block,
  lz4ExactSize,
  lz4Size,
  snappySize,
  type ZstdSize,
  zstdSize,
} from './compressed-size.js';
import kafkajs from './kafkajs/index.js';
import { inflateLz4Block, inflateSnappyBlock } from './lz-blocks.js';
import type { ZstdTask } from './zstd-worker.js';

/**
 * Codecs of a record batch: producers choose theirs, and a batch that cannot be read would end the run. Each is loaded with the first batch
 * that needs it, for most streams need none. Nothing is inflated beyond a bound: a batch of 80 KB can claim to be 900 MB.
 */

/** A batch would become more than it may. */
export class TooLargeError extends Error {}

/** What Java's snappy puts before its blocks, each after its length; others compress the batch as one block. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
/** RFC 8878 asks decoders for 8 MiB. Levels 20 to 22 look back further, into a batch that becomes more than this. */
const MAX_ZSTD_WINDOW = 16 * 1_048_576;
/** What may become more is inflated beside the main thread. A MiB takes some ten milliseconds. */
const INLINE_ZSTD_BYTES = 1_048_576;

type Inflate = (bytes: Buffer, maxBytes: number) => Promise<Buffer>;

/** zlib's own bound: it stops where more comes out. Works in its own threads. */
async function inflateGzip(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    unzip(bytes, { maxOutputLength: maxBytes }, (error, inflated) => {
      if (error === null) resolve(inflated);
      else
        reject((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes) : error);
    });
  });
}

/** Blocks of Java's framing, or the one block there is. */
async function inflateSnappy(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const isFramed = bytes.length >= XERIAL_HEADER_BYTES && bytes.subarray(0, XERIAL.length).equals(XERIAL);
  const ranges: [start: number, end: number][] = isFramed ? [] : [[0, bytes.length]];
  for (let at = XERIAL_HEADER_BYTES; isFramed && at < bytes.length; ) {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    ranges.push([start, at]);
  }
  const blocks = ranges.map(([start, end]) => ({ ...snappySize(bytes, start), end }));
  const size = blocks.reduce((sum, block) => sum + block.size, 0);
  if (size > maxBytes) throw tooLarge(maxBytes, size);
  const out = Buffer.allocUnsafe(size);
  let to = 0;
  for (const block of blocks) {
    if (block.end > bytes.length) throw new RangeError('snappy: the last block is cut off');
    const next = to + block.size;
    const written = inflateSnappyBlock(bytes, block.at, block.end, out.subarray(0, next), to);
    if (written !== next) throw new RangeError('snappy: a block becomes less than it says');
    to = next;
  }
  return out;
}

async function inflateLz4(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const size = lz4Size(bytes, maxBytes);
  if (size > maxBytes) throw tooLarge(maxBytes, size);
  const out = Buffer.allocUnsafe(lz4ExactSize(bytes));
  let to = 0;
  let from = 0;
  eachLz4Block(bytes, ({ start, end, isPlain, isFirst }) => {
    if (isFirst) from = to;
    to = isPlain ? to + bytes.copy(out, to, start, end) : inflateLz4Block(bytes, start, end, out, to, from);
  });
  if (to !== out.length) throw new RangeError('LZ4: the blocks become less than they say');
  return out;
}

async function inflateZstd(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const size = zstdSize(bytes);
  if (size.isDeclared && size.most > maxBytes) throw tooLarge(maxBytes, size.most);
  if (size.window > MAX_ZSTD_WINDOW) {
    throw new TooLargeError(
      `a Zstandard window of ${size.window} bytes; at most ${MAX_ZSTD_WINDOW}: use level 19 or less, or smaller batches`,
    );
  }
  const inflated =
    size.most > INLINE_ZSTD_BYTES
      ? await inflateBeside(bytes, size, maxBytes)
      : (await import('./zstd.js')).inflateZstd(bytes, size, maxBytes);
  if (inflated === null) throw tooLarge(maxBytes);
  return Buffer.from(inflated.buffer, inflated.byteOffset, inflated.byteLength);
}

type Worker = { run(task: ZstdTask): Promise<Uint8Array | null> };
let worker: Promise<Worker> | null = null;

async function inflateBeside(bytes: Buffer, size: ZstdSize, maxBytes: number): Promise<Uint8Array | null> {
  worker ??= import('../threads/lazy-worker.js').then(
    ({ LazyWorker }) => new LazyWorker<ZstdTask, Uint8Array | null>('bus/zstd-worker', 'inflate', 64),
  );
  // A copy: with a part of a buffer the whole would be sent.
  return (await worker).run({ bytes: new Uint8Array(bytes), size, maxBytes });
}

function tooLarge(maxBytes: number, bytes?: number): TooLargeError {
  return new TooLargeError(`${bytes ?? 'more'} bytes when inflated; at most ${maxBytes} (bus.maxBatchBytes)`);
}

const INFLATE: Readonly<Record<number, Inflate>> = {
  [kafkajs.CompressionTypes.GZIP]: inflateGzip,
  [kafkajs.CompressionTypes.Snappy]: inflateSnappy,
  [kafkajs.CompressionTypes.LZ4]: inflateLz4,
  [kafkajs.CompressionTypes.ZSTD]: inflateZstd,
};

/**
 * What the bytes of a batch become by a codec of Kafka, 1 to 4.
 * @throws TooLargeError where that is more than `maxBytes`; Error where they are damaged or the codec is not known.
 */
export async function inflate(codec: number, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const by = INFLATE[codec];
  if (by === undefined) throw new Error(`codec ${codec} is not known`);
  return by(bytes, maxBytes);
}

/**
 * Has kafkajs read every codec that Kafka has where it reads itself: messages of the formats before record batches, and offsets
 * beyond exact numbers.
 */
export function readAllCodecs(maxBytes: number): void {
  const codecs: Record<number, () => object> = kafkajs.CompressionCodecs;
  for (const codec of Object.keys(INFLATE).map(Number)) {
    const own = codec === kafkajs.CompressionTypes.GZIP ? codecs[codec]() : {};
    codecs[codec] = () => ({ ...own, decompress: (bytes: Buffer) => inflate(codec, bytes, maxBytes) });
  }
}
