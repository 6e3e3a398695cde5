import type { Batch } from 'kafkajs';
import { WardstreamError } from '../errors.js';
import { replaceInKafkajs } from './kafka-internals.js';

/**
 * What a fetch says of a partition beside its messages. kafkajs tells nothing of an answer without messages: one that has only
 * the markers of transactions, what an aborted one wrote, or nothing at all. So a lane that ends in such records would never be known
 * as read to its end. Of the groups named here, every answer is handed to `eachBatch`, also without messages, and a batch's
 * `lastOffset()` is the one before the next that will be read.
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

/** kafkajs's messages of a partition, with what is noted on them. */
type Messages = { readonly offset: string }[] & { lastStableOffset?: number };

/** What kafkajs's batch keeps, and its types do not say. */
interface OwnBatch extends Batch {
  readonly fetchedOffset: string;
  readonly rawMessages: Messages;
  readonly messagesWithinOffset: Messages;
  nodeId?: number;
}
interface OwnGroup {
  readonly groupId: string;
}
type FetchOf<Answer> = (this: OwnGroup, nodeId: number) => Promise<Answer>;
interface PartitionAnswer {
  readonly lastStableOffset?: string;
  readonly messages: Messages;
}
interface FetchAnswer {
  readonly responses: readonly { readonly partitions: readonly PartitionAnswer[] }[];
}
interface Class<Instance> {
  readonly prototype: Instance;
}

const watched = new Set<string>();
let isReady = false;

/**
 * Has kafkajs hand over every answer to the members of a group from now on.
 * @throws WardstreamError `WS_BUS` where kafkajs cannot be told.
 */
export function watchFetches(groupId: string): void {
  isReady ||= prepare();
  if (!isReady) throw new WardstreamError('WS_BUS', 'the progress of reading is not told by this kafkajs');
  watched.add(groupId);
}

/** What the answer said that a batch of a watched group comes from. */
export function fetchedOf(batch: Batch): Fetched {
  const { nodeId = -1, rawMessages, highWatermark } = batch as OwnBatch;
  return {
    nodeId,
    position: Number(batch.lastOffset()) + 1,
    lastStableOffset: rawMessages.lastStableOffset ?? Number(highWatermark),
    highWatermark: Number(highWatermark),
  };
}

function prepare(): boolean {
  return (
    replaceInKafkajs('broker/index', (broker: Class<{ fetch(request: object): Promise<FetchAnswer> }>) => {
      const own = broker.prototype.fetch;
      broker.prototype.fetch = async function (request) {
        const answer = await own.call(this, request);
        for (const { messages, lastStableOffset } of answer.responses.flatMap((each) => each.partitions)) {
          if (lastStableOffset !== undefined) messages.lastStableOffset = Number(lastStableOffset);
        }
        return answer;
      };
      return broker;
    }) &&
    replaceInKafkajs('consumer/consumerGroup', (group: Class<{ fetch: FetchOf<OwnBatch[]> }>) => {
      const own = group.prototype.fetch;
      group.prototype.fetch = async function (nodeId) {
        const batches = await own.call(this, nodeId);
        if (watched.has(this.groupId)) for (const batch of batches) batch.nodeId = nodeId;
        return batches;
      };
      return group;
    }) &&
    replaceInKafkajs('consumer/batch', (batch: Class<OwnBatch>) => {
      const { isEmpty, lastOffset } = batch.prototype;
      batch.prototype.isEmpty = function () {
        return this.nodeId === undefined && isEmpty.call(this);
      };
      batch.prototype.lastOffset = function () {
        if (this.nodeId === undefined) return lastOffset.call(this);
        const last = this.messagesWithinOffset.at(-1)?.offset;
        return last ?? String(Number(this.fetchedOffset) - 1);
      };
      return batch;
    })
  );
}
