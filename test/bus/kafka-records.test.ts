import { createRequire } from 'node:module';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { batchReader } from '../../src/bus/kafka-records.js';
import type { FetchPosition } from '../../src/bus/kafkajs/index.js';

const require = createRequire(import.meta.url);
// What writes batches, and the reader that ours is held to, are of kafkajs as it is published.
const KAFKAJS = 'kafkajs/src/protocol/recordBatch';
const { RecordBatch } = require(`${KAFKAJS}/v0/index.js`);
const Record = require(`${KAFKAJS}/record/v0/index.js`);
const own = require(`${KAFKAJS}/v0/decoder.js`);
const Decoder = require('kafkajs/src/protocol/decoder.js');

const MIB = 1_048_576;
const reader = batchReader(MIB);
const fast = (position: FetchPosition) => reader(position, own);

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
  // Beyond these, a batch is left to kafkajs's reader (below).
  firstOffset: fc
    .oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 2 ** 31 }))
    .map(BigInt),
  firstTimestamp: fc.oneof(fc.constant(-1), fc.nat(), fc.integer({ min: 0, max: 2 ** 42 })),
  compression: fc.constantFrom(kafkajs.CompressionTypes.None, kafkajs.CompressionTypes.GZIP),
  transactional: fc.boolean(),
  isControl: fc.boolean(),
  isLogAppendTime: fc.boolean(),
  producerId: fc.oneof(fc.constant(-1), fc.maxSafeNat()),
  producerEpoch: fc.integer({ min: -1, max: 1000 }),
  firstSequence: fc.integer({ min: -1, max: 1000 }),
  records: fc.array(record, { maxLength: 20 }),
  /** Records that compaction has removed from the end. */
  removed: fc.nat(2),
});
type Batch = typeof batch extends fc.Arbitrary<infer Value> ? Value : never;

async function encoded({
  firstOffset,
  isControl,
  isLogAppendTime,
  records,
  removed,
  ...rest
}: Batch): Promise<Buffer> {
  const sorted = [...records].sort((a, b) => a.offsetDelta - b.offsetDelta);
  const lastOffsetDelta = Math.min(MAX_DELTA, (sorted.at(-1)?.offsetDelta ?? 0) + removed);
  const whole = {
    ...rest,
    records: sorted.map(Record),
    maxTimestamp: rest.firstTimestamp + 5,
    lastOffsetDelta,
  };
  const { buffer } = await RecordBatch(whole);
  buffer.writeBigInt64BE(firstOffset, 0);
  buffer[22] |= (isControl ? 0x20 : 0) | (isLogAppendTime ? 0x08 : 0);
  return buffer;
}

describe('record batches', () => {
  it('are read as kafkajs reads them, one after the other, with a marker where their end has been removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 3 }), async (batches) => {
        const buffer = Buffer.concat(await Promise.all(batches.map(encoded)));
        const positions = [new Decoder(buffer), new Decoder(buffer)];
        for (const _ of batches) {
          const [expected, read] = await Promise.all([own(positions[0]), fast(positions[1])]);
          const fields = read.records.map((record) =>
            Object.fromEntries(FIELDS.map((field) => [field, record[field]])),
          );
          const records = fields.slice(0, expected.records.length);
          expect({ ...read, records }).toEqual(expected);
          const end = Number(expected.firstOffset) + expected.lastOffsetDelta;
          // Offsets beyond exact numbers are left to kafkajs.
          const isLeft = !Number.isSafeInteger(Number(expected.firstOffset) + 2 ** 31);
          const isWhole = isLeft || Number(expected.records.at(-1)?.offset ?? -1) === end;
          const marker = { offset: String(end), isControlRecord: true, key: null, value: null, headers: {} };
          expect(fields.slice(records.length)).toMatchObject(isWhole ? [] : [marker]);
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

  const small = (count: number) =>
    Array.from({ length: count }, (_, offsetDelta) => ({
      offsetDelta,
      timestampDelta: 0,
      key: Buffer.from('p1'),
      value: Buffer.alloc(1000),
      headers: {},
    }));
  const made = (
    records: Batch['records'],
    compression: Batch['compression'] = kafkajs.CompressionTypes.GZIP,
    firstOffset = 100n,
  ) =>
    encoded({
      firstOffset,
      firstTimestamp: 1,
      compression,
      transactional: false,
      isControl: false,
      isLogAppendTime: false,
      producerId: -1,
      producerEpoch: -1,
      firstSequence: -1,
      records,
      removed: 0,
    });

  it('that would become too much are set aside in one record that says so, and reading goes on', async () => {
    const [bomb, sound] = [await made(small(2000)), await made(small(2), undefined, 5000n)];
    const position = new Decoder(Buffer.concat([bomb, sound]));
    const { records } = await fast(position);
    expect(bomb.length).toBeLessThan(20_000);
    expect(records.map(({ offset, key, fault }) => ({ offset, key, fault }))).toEqual([
      {
        offset: '2099',
        key: null,
        fault: {
          reason: 'oversized',
          detail: expect.stringMatching(
            /^a batch that cannot be read \(2000 records at offsets 100 to 2099, \d+ bytes\): more bytes/,
          ),
          records: 2000,
        },
      },
    ]);
    const [{ bytes, valueStart, valueEnd, value }] = records;
    expect(value).toEqual(bomb.subarray(61));
    expect(bytes.subarray(valueStart, valueEnd)).toEqual(value);
    expect((await fast(position)).records).toHaveLength(2);
  });

  it.each([
    ['whose bytes are no such codec’s', (batch: Buffer) => batch.fill(7, 61)],
    ['that count more records than they have bytes', (batch: Buffer) => batch.writeInt32BE(2 ** 31 - 1, 57)],
  ])('%s are set aside', async (_, damage) => {
    const batch = await made(small(3));
    damage(batch);
    const { records } = await fast(new Decoder(batch));
    expect(records.map(({ offset, fault }) => [offset, fault?.reason])).toEqual([['102', 'undecodable']]);
  });

  it('that are not compressed and whose records are longer than they are, are set aside', async () => {
    const batch = await made(small(3), kafkajs.CompressionTypes.None);
    const { records } = await fast(
      new Decoder(Buffer.concat([batch.subarray(0, 61), Buffer.alloc(3300, 0xff)])),
    );
    expect(records.map(({ fault }) => fault?.reason)).toEqual(['undecodable']);
  });

  it('of one fetch are inflated up to the bound; the rest is left for the next one', async () => {
    const batches = await Promise.all([0, 1, 2].map(() => made(small(700))));
    const fetched = Buffer.concat([...batches, await made(small(1), kafkajs.CompressionTypes.None)]);
    const position = new Decoder(fetched);
    await fast(position);
    await fast(position);
    await expect(fast(position)).rejects.toMatchObject({ name: 'KafkaJSPartialMessageError' });
    const next = new Decoder(Buffer.concat([fetched.subarray(position.offset)]));
    expect((await fast(next)).records).toHaveLength(700);
    expect((await fast(next)).records).toHaveLength(1);
  });

  it('of more records than a call may have arguments are read by kafkajs', async () => {
    const decodeMessages = require('../../src/bus/kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js');
    const count = 200_000;
    // Each without key, value and headers: 17 bits of offset are three bytes.
    const records = Buffer.alloc(count * 9);
    for (let index = 0; index < count; index++) {
      const delta = index * 2;
      const offset = [0x80 | (delta & 0x7f), 0x80 | ((delta >> 7) & 0x7f), delta >> 14];
      records.set([16, 0, 0, ...offset, 1, 1, 0], index * 9);
    }
    const head = (await made([], kafkajs.CompressionTypes.None)).subarray(0, 61);
    head.writeInt32BE(49 + records.length, 8);
    head.writeInt32BE(count, 57);
    const batch = Buffer.concat([head, records]);
    const size = Buffer.alloc(4);
    size.writeInt32BE(batch.length);
    const fetched = Object.assign(new Decoder(Buffer.concat([size, batch])), {
      readBatch: batchReader(64 * MIB),
    });
    const read: { offset: string }[] = await decodeMessages(fetched);
    expect([read.length, read[count - 1].offset]).toEqual([count, String(count + 99)]);
  });
});
