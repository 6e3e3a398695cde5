import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { crc32Partition, murmur2, murmur2Partition } from '../../src/bus/partitioners.js';

describe('partitioners', () => {
  /** Hash by Utils.murmur2 of kafka-clients 4.1.1 and its partition of twelve; the partition of four that librdkafka 2.16.0 chose. */
  it.each([
    ['p1', -1805418678, 2, 3],
    ['ICU-0042', 1523504814, 6, 0],
    ['Müller', -1790669443, 1, 1],
    ['李雷', 1514997423, 3, 0],
    ['132539', -951167760, 8, 0],
    ['a', -1563381124, 4, 3],
  ])('place %j as Java and librdkafka do', (key, hash, java, librdkafka) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
    expect(murmur2Partition(key, 12)).toBe(java);
    expect(crc32Partition(Buffer.from(key), 4)).toBe(librdkafka);
  });

  it('place as kafkajs does', () => {
    const own = Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId })) as never;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (key) => {
        const partition = own({ topic: 't', partitionMetadata, message: { key, value: null } });
        expect(murmur2Partition(key, 12)).toBe(partition);
      }),
    );
  });

  it('take a key of 600 000 characters', () => {
    expect(murmur2Partition('ü'.repeat(600_000), 12)).toBeLessThan(12);
  });
});
