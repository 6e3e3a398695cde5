import { createRequire } from 'node:module';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { type BatchReader, batchReader, readBatchesFast } from '../../src/bus/kafka-records.js';

const require = createRequire(import.meta.url);
const KAFKAJS = 'kafkajs/src/protocol/recordBatch';
const { RecordBatch } = require(`${KAFKAJS}/v0/index.js`);
const Record = require(`${KAFKAJS}/record/v0/index.js`);
const Decoder = require('kafkajs/src/protocol/decoder.js');

/** kafkajs's own reader, whatever has been put in its place. */
function ownReader(): BatchReader {
  const path = require.resolve(`${KAFKAJS}/v0/decoder.js`);
  const present = require.cache[path];
  delete require.cache[path];
  const own = require(path);
  require.cache[path] = present;
  return own;
}

const own = ownReader();
const fast = batchReader(own);

/** Of a message of kafkajs. */
const FIELDS = [
  'magicByte',
  'attributes',
  'timestamp',
  'offset',
  'key',
  'value',
  'headers',
  'isControlRecord',
  'batchContext',
] as const;

const MAX_DELTA = 2 ** 31 - 1;
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)));
const header = fc.uint8Array({ maxLength: 8 }).map((each) => Buffer.from(each));
const record = fc.record({
  offsetDelta: fc.nat(MAX_DELTA),
  timestampDelta: fc.oneof(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.nat(127)),
  key: bytes,
  value: bytes,
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.oneof(header, fc.array(header))),
});
const batch = fc.record({
  firstOffset: fc.oneof(fc.maxSafeNat(), fc.nat(1000)).map(BigInt),
  firstTimestamp: fc.oneof(fc.constant(-1), fc.nat(), fc.integer({ min: 0, max: 2 ** 42 })),
  compression: fc.constantFrom(kafkajs.CompressionTypes.None, kafkajs.CompressionTypes.GZIP),
  transactional: fc.boolean(),
  isControl: fc.boolean(),
  isLogAppendTime: fc.boolean(),
  producerId: fc.oneof(fc.constant(-1), fc.maxSafeNat()),
  producerEpoch: fc.integer({ min: -1, max: 1000 }),
  firstSequence: fc.integer({ min: -1, max: 1000 }),
  records: fc.array(record, { maxLength: 20 }),
});
type Batch = typeof batch extends fc.Arbitrary<infer Value> ? Value : never;

async function encoded({
  firstOffset,
  isControl,
  isLogAppendTime,
  records,
  ...rest
}: Batch): Promise<Buffer> {
  const lastOffsetDelta = Math.max(0, ...records.map(({ offsetDelta }) => offsetDelta));
  const whole = {
    ...rest,
    records: records.map(Record),
    maxTimestamp: rest.firstTimestamp + 5,
    lastOffsetDelta,
  };
  const { buffer } = await RecordBatch(whole);
  buffer.writeBigInt64BE(firstOffset, 0);
  buffer[22] |= (isControl ? 0x20 : 0) | (isLogAppendTime ? 0x08 : 0);
  return buffer;
}

describe('record batches', () => {
  it('are read as kafkajs reads them, one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 3 }), async (batches) => {
        const buffer = Buffer.concat(await Promise.all(batches.map(encoded)));
        const positions = [new Decoder(buffer), new Decoder(buffer)];
        for (const _ of batches) {
          const [expected, read] = await Promise.all([own(positions[0]), fast(positions[1])]);
          const records = read.records.map((record) =>
            Object.fromEntries(FIELDS.map((field) => [field, record[field]])),
          );
          expect({ ...read, records }).toEqual(expected);
          expect(positions[1].offset).toBe(positions[0].offset);
        }
        expect(positions[1].offset).toBe(buffer.length);
      }),
    );
  });

  it('that are cut off are told as kafkajs tells them, and nothing of them is taken', async () => {
    const [records] = fc.sample(fc.array(record, { minLength: 1, maxLength: 1 }), { seed: 1, numRuns: 1 });
    const [one] = fc.sample(batch, { seed: 1, numRuns: 1 });
    const whole = await encoded({ ...one, records });
    for (const missing of [1, whole.length - 61]) {
      const cut = new Decoder(whole.subarray(0, whole.length - missing));
      await expect(fast(cut)).rejects.toMatchObject({ name: 'KafkaJSPartialMessageError' });
    }
  });

  it('with offsets beyond exact numbers are left to kafkajs', async () => {
    const [one] = fc.sample(batch, { seed: 1, numRuns: 1 });
    const firstOffset = 2n ** 60n + 1n;
    const read = await fast(new Decoder(await encoded({ ...one, firstOffset })));
    expect(read.firstOffset).toBe(String(firstOffset));
  });

  it('are read so by kafkajs once that is asked for', async () => {
    expect(readBatchesFast()).toBe(true);
    const used: BatchReader = require(`${KAFKAJS}/v0/decoder.js`);
    expect(used).not.toBe(own);
  });
});
