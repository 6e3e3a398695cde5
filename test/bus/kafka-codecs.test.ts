import fc from 'fast-check';
import { compress } from 'snappy';
import { describe, expect, it } from 'vitest';
import { decompressSnappy } from '../../src/bus/kafka-codecs.js';

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

// That the other codecs, and Java's snappy itself, are read is tested on a broker (test/integration/kafka.test.ts).
describe('snappy', () => {
  it('is read in blocks, as Java writes it, and as one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(block, { maxLength: 4 }), async (blocks) => {
        const whole = Buffer.concat(blocks);
        expect(await decompressSnappy(await framed(blocks))).toEqual(whole);
        expect(await decompressSnappy((await compress(whole)) as Buffer)).toEqual(whole);
      }),
    );
  });

  it('that is damaged is an error', async () => {
    await expect(decompressSnappy(Buffer.from('ffffff', 'hex'))).rejects.toThrow();
    const cut = (await framed([Buffer.alloc(100, 'abc')])).subarray(0, -3);
    await expect(decompressSnappy(cut)).rejects.toThrow();
  });
});
