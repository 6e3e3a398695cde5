import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { fetchedOf } from '../../src/bus/kafka-fetch.js';

const Batch = createRequire(import.meta.url)('../../src/bus/kafkajs/src/consumer/batch.js');

/** An answer for a partition, asked for from offset 5 on; the broker is told to those who are handed every answer. */
function answer(offsets: readonly number[], isEvery: boolean, isMarker = false) {
  const messages = offsets.map((offset) => ({
    offset: String(offset),
    isControlRecord: isMarker,
    key: null,
  }));
  const partition = {
    partition: 0,
    highWatermark: '9',
    lastStableOffset: '7',
    abortedTransactions: [],
    messages,
  };
  return new Batch('t', '5', partition, isEvery ? 1 : undefined);
}

it('an answer without messages is handed over, and tells how far it goes', () => {
  const empty = answer([], true);
  expect([empty.isEmpty(), empty.messages.length, empty.lastOffset()]).toEqual([false, 0, '4']);
  expect(fetchedOf(empty)).toEqual({ nodeId: 1, position: 5, lastStableOffset: 7, highWatermark: 9 });
  const marker = answer([5, 6], true, true);
  expect([marker.isEmpty(), marker.isEmptyDueToFiltering(), marker.messages.length]).toEqual([
    false,
    false,
    0,
  ]);
  expect(fetchedOf(marker).position).toBe(7);
  // Compressed batches come whole, with what was read before.
  expect(fetchedOf(answer([3, 4], true)).position).toBe(5);
  expect(fetchedOf(answer([4, 5, 6], true)).position).toBe(7);
});

it('who is not handed every answer is told what kafkajs tells', () => {
  const empty = answer([], false);
  expect([empty.isEmpty(), empty.lastOffset()]).toEqual([true, '8']);
  expect(answer([5, 6], false, true).isEmptyDueToFiltering()).toBe(true);
  expect(answer([5, 6], false).lastOffset()).toBe('6');
});
