import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { fetchedOf, watchFetches } from '../../src/bus/kafka-fetch.js';

const require = createRequire(import.meta.url);
watchFetches('watched');
const Batch = require('kafkajs/src/consumer/batch.js');

/** What kafkajs makes of an answer for a partition, asked for from offset 5 on; of a group that is watched it knows the broker. */
function answer(offsets: readonly number[], isWatched: boolean, isMarker = false) {
  const messages = offsets.map((offset) => ({
    offset: String(offset),
    isControlRecord: isMarker,
    key: null,
  }));
  Object.assign(messages, { lastStableOffset: 7 });
  const batch = new Batch('t', '5', { partition: 0, highWatermark: '9', abortedTransactions: [], messages });
  return Object.assign(batch, isWatched ? { nodeId: 1 } : {});
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

it('other groups of the process are told what kafkajs tells them', () => {
  const empty = answer([], false);
  expect([empty.isEmpty(), empty.lastOffset()]).toEqual([true, '8']);
  expect(answer([5, 6], false, true).isEmptyDueToFiltering()).toBe(true);
  expect(answer([5, 6], false).lastOffset()).toBe('6');
});
