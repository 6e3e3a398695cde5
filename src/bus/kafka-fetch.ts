import type { Batch } from './kafkajs/index.js';

/**
 * What a fetch says of a partition beside its messages, of a consumer that is handed every answer: also one that has only the markers
 * of transactions, what an aborted one wrote, or nothing at all. Else a topic that ends in such records would never be known as read to
 * its end.
 */
export interface Fetched {
  /** The broker that was asked. */
  readonly nodeId: number;
  /** The next offset to be read, behind all that the answer covers. */
  readonly position: number;
  /** Where that which can be read ended: before the first transaction that is open. */
  readonly lastStableOffset: number;
  /** Where the log ended. */
  readonly highWatermark: number;
}

/** What the answer said that a batch comes from. */
export function fetchedOf(batch: Batch): Fetched {
  const { nodeId = -1, lastStableOffset, highWatermark } = batch;
  return {
    nodeId,
    position: Number(batch.lastOffset()) + 1,
    lastStableOffset: Number(lastStableOffset ?? highWatermark),
    highWatermark: Number(highWatermark),
  };
}
