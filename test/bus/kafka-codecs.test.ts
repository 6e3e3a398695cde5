import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { compress, compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { lz4Size, zstdSize } from '../../src/bus/compressed-size.js';
import { inflate, TooLargeError } from '../../src/bus/kafka-codecs.js';
import kafkajs from '../../src/bus/kafkajs/index.js';
import { LEVEL_22, ZSTD_DECLARED, ZSTD_STREAMED, ZSTD_TEXT, zstdBomb } from './zstd-frames.js';

const { GZIP, Snappy, LZ4, ZSTD } = kafkajs.CompressionTypes;
const MIB = 1_048_576;
const LIMIT = 4 * MIB;

/** As Java's snappy writes: a header of 16 bytes, then blocks, each after its length. */
async function framed(blocks: readonly Buffer[]): Promise<Buffer> {
  const header = Buffer.from('82534e41505059000000000100000001', 'hex');
  const parts = await Promise.all(
    blocks.map(async (block) => {
      const bytes = (await compress(block)) as Buffer;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
  return Buffer.concat([header, ...parts]);
}

const block = fc.uint8Array({ maxLength: 500 }).map((each) => Buffer.from(each));

// That what Java's and librdkafka's producers compress is read is tested on a broker (test/integration/kafka.test.ts).
describe('snappy', () => {
  it('is read in blocks, as Java writes it, and as one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(block, { maxLength: 4 }), async (blocks) => {
        const whole = Buffer.concat(blocks);
        expect(await inflate(Snappy, await framed(blocks), LIMIT)).toEqual(whole);
        expect(await inflate(Snappy, (await compress(whole)) as Buffer, LIMIT)).toEqual(whole);
      }),
    );
  });

  it('that is damaged is an error', async () => {
    await expect(inflate(Snappy, Buffer.from('ffffff', 'hex'), LIMIT)).rejects.toThrow();
    const cut = (await framed([Buffer.alloc(100, 'abc')])).subarray(0, -3);
    await expect(inflate(Snappy, cut, LIMIT)).rejects.toThrow();
  });
});

describe('LZ4', () => {
  it('is measured to the byte where the bound of its blocks is not enough', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(block, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (blocks, again) => {
          const whole = Buffer.concat(again ? [...blocks, ...blocks, ...blocks] : blocks);
          const bytes = compressFrameSync(whole);
          expect(lz4Size(bytes, -1)).toBe(whole.length);
          expect(lz4Size(bytes, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(whole.length);
          expect(await inflate(LZ4, bytes, Math.max(1, whole.length))).toEqual(whole);
        },
      ),
    );
  });
});

describe('damaged LZ4 and snappy', () => {
  /** Rows that compress, so that there are copies to damage. */
  const rows = fc
    .array(fc.constantFrom('patient-0007 ', 'heart-rate ', '82 ', 'x', '\u0000\u0000\u0000\u0000'), {
      maxLength: 200,
    })
    .map((parts) => Buffer.from(parts.join('')));

  it.each([
    ['LZ4', LZ4, (bytes: Buffer) => compressFrameSync(bytes)],
    ['snappy', Snappy, (bytes: Buffer) => compressSync(bytes)],
  ])(
    '%s becomes something within its bound or is an error, and never memory of somebody else',
    async (_, codec, press) => {
      await fc.assert(
        fc.asyncProperty(
          rows,
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
          async (whole, changes) => {
            const bytes = Buffer.from(press(whole));
            for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
            try {
              const inflated = await inflate(codec, bytes, 8192);
              expect(inflated.length).toBeLessThanOrEqual(8192);
              expect(await inflate(codec, bytes, 8192)).toEqual(inflated);
              if (changes.length === 0) expect(inflated).toEqual(whole);
            } catch (error) {
              expect(error instanceof RangeError || error instanceof TooLargeError).toBe(true);
              expect(changes).not.toEqual([]);
            }
          },
        ),
        { numRuns: 2000 },
      );
    },
  );
});

describe('LZ4 and snappy of a mebibyte', () => {
  it('are what the native packages made of it', async () => {
    const whole = Buffer.alloc(MIB);
    for (let row = 0; row < MIB / 64; row++) {
      whole.write(`patient-${String((row * 7919) % 300).padStart(6, '0')}`, row * 64);
      for (let byte = 20; byte < 40; byte++) whole[row * 64 + byte] = (row * byte * 2654435761) >>> 24;
    }
    const runs = Buffer.concat([whole, Buffer.alloc(70_000, 7), whole.subarray(3)]);
    expect((await inflate(LZ4, compressFrameSync(runs), LIMIT)).equals(runs)).toBe(true);
    expect((await inflate(Snappy, compressSync(runs), LIMIT)).equals(runs)).toBe(true);
  });
});

describe('Zstandard', () => {
  it('is read whether its frames say what they become or not', async () => {
    for (const bytes of [ZSTD_STREAMED, ZSTD_DECLARED]) {
      expect(String(await inflate(ZSTD, bytes, LIMIT))).toBe(ZSTD_TEXT);
      const several = Buffer.concat([bytes, ZSTD_DECLARED, bytes]);
      expect(String(await inflate(ZSTD, several, LIMIT))).toBe(ZSTD_TEXT + ZSTD_TEXT + ZSTD_TEXT);
    }
    expect(zstdSize(ZSTD_DECLARED)).toMatchObject({ most: ZSTD_TEXT.length, isDeclared: true });
  });

  it('is inflated beside the main thread where it may become much', async () => {
    const inflated = await inflate(ZSTD, zstdBomb(3 * MIB), LIMIT);
    expect([inflated.length, inflated.every((byte) => byte === 0x20)]).toEqual([3 * MIB, true]);
  });

  it('of level 22 is read, whose window of 128 MiB nothing of a small batch looks back into', async () => {
    expect(zstdSize(LEVEL_22).window).toBeLessThan(200_000);
    expect(String(await inflate(ZSTD, LEVEL_22, LIMIT))).toBe('xxxxxxxxxx');
  });

  it('that looks back further than a decoder should hold is refused', async () => {
    const far = zstdBomb(40 * MIB, undefined, 27);
    await expect(inflate(ZSTD, far, 64 * MIB)).rejects.toThrow(TooLargeError);
  });

  it('becomes no more than it says', async () => {
    const liar = zstdBomb(900 * MIB, 10);
    expect((await inflate(ZSTD, liar, LIMIT)).length).toBeLessThanOrEqual(10);
  });

  it('that is damaged or cut off is an error', async () => {
    for (const bytes of [
      Buffer.from('28b52ffd00', 'hex'),
      ZSTD_STREAMED.subarray(0, 100),
      Buffer.from('text'),
    ]) {
      const error = await inflate(ZSTD, bytes, LIMIT).catch((caught: unknown) => caught);
      expect([error instanceof Error, error instanceof TooLargeError]).toEqual([true, false]);
    }
  });
});

describe('a batch that would become more than it may', () => {
  const spaces = Buffer.alloc(64 * MIB, ' ');
  it.each([
    ['gzip', GZIP, async () => gzipSync(spaces)],
    ['snappy', Snappy, async () => (await compress(spaces)) as Buffer],
    ['snappy as Java writes it', Snappy, () => framed([spaces, spaces])],
    ['LZ4', LZ4, async () => compressFrameSync(spaces)],
    ['Zstandard that says so', ZSTD, async () => zstdBomb(900 * MIB, 900 * MIB)],
    ['Zstandard that does not', ZSTD, async () => zstdBomb(900 * MIB)],
  ])('is not inflated: %s', async (_, codec, make) => {
    const bytes = await make();
    const [began, before] = [performance.now(), process.memoryUsage.rss()];
    await expect(inflate(codec, bytes, LIMIT)).rejects.toThrow(TooLargeError);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MIB);
  });
});
