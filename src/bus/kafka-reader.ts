import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedAssigner } from './assigner.js';
import { isRefused } from './kafka-errors.js';
import type { Admin, EachBatchPayload, Kafka, KafkaMessage } from './kafkajs/index.js';

/** Offsets of a topic-partition, `from` to before `to`; the topic as it is called on the cluster. */
export interface LogRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Messages of one range in order; with the last of them `isDone`. */
export type RangeHandler = (
  range: LogRange,
  messages: readonly KafkaMessage[],
  isDone: boolean,
) => Promise<void>;

/** So long nothing may be heard of the reader while it deals with a batch. */
const SESSION_MS = 300_000;

/** So long after a fault that passes the rest is read. */
const AGAIN_MS = 500;

/**
 * Reads ranges once, whatever befalls the brokers meanwhile. kafkajs reads only as a member of a group: this one, named after
 * `purpose`, has a single member and is gone afterwards.
 */
export async function readRanges(
  cluster: Cluster,
  purpose: string,
  ranges: readonly LogRange[],
  handle: RangeHandler,
): Promise<void> {
  const next = new Map<LogRange, number>();
  for (const range of ranges) if (range.from < range.to) next.set(range, range.from);
  while (next.size > 0) {
    try {
      await readOn(cluster, purpose, next, handle);
    } catch (error) {
      if (error instanceof HandlerError) throw error.cause;
      if (isRefused(error)) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

interface Cluster {
  readonly kafka: Kafka;
  readonly admin: Admin;
}

/** What is read cannot be processed: that is no fault of the brokers. */
class HandlerError extends Error {}

/** Reads from where each range has been read to. */
async function readOn(
  { kafka, admin }: Cluster,
  purpose: string,
  next: Map<LogRange, number>,
  handle: RangeHandler,
): Promise<void> {
  const groupId = `${purpose}-${randomUUID()}`;
  const wanted = [...next.keys()];
  const partitionAssigners = [fixedAssigner([...new Set(wanted.map(({ partition }) => partition))])];
  const options = { groupId, partitionAssigners, maxWaitTimeInMs: 100, sessionTimeout: SESSION_MS };
  // A crash is ours to deal with.
  const retry = { retries: 3, maxRetryTime: 1000, restartOnFailure: async () => false };
  // A range may end in what is handed to nobody: markers of transactions, what an aborted one wrote, what is deleted by now.
  const consumer = kafka.consumer({ ...options, everyAnswer: true, retry });
  await consumer.connect();
  try {
    await consumer.subscribe({
      topics: [...new Set(wanted.map(({ topic }) => topic))],
      fromBeginning: true,
    });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      const eachBatch = async ({ batch, pause }: EachBatchPayload) => {
        const { topic, partition } = batch;
        const range = wanted.find((each) => each.topic === topic && each.partition === partition);
        const begin = range === undefined ? undefined : next.get(range);
        if (range === undefined || begin === undefined) {
          pause();
          return;
        }
        const end = Number(batch.lastOffset()) + 1;
        const messages = batch.messages.filter(
          ({ offset }) => Number(offset) >= begin && Number(offset) < range.to,
        );
        const isDone = end >= range.to;
        if (isDone) next.delete(range);
        else next.set(range, Math.max(begin, end));
        try {
          if (messages.length > 0 || isDone) await handle(range, messages, isDone);
        } catch (cause) {
          reject(new HandlerError('', { cause }));
          throw cause;
        }
        if (next.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
      for (const range of wanted) {
        const { topic, partition, from } = range;
        consumer.seek({ topic, partition, offset: String(next.get(range) ?? from) });
      }
    });
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await admin.deleteGroups([groupId]).catch(() => undefined);
  }
}
