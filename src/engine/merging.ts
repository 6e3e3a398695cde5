import { map, type OperatorFunction } from 'rxjs';
import { type MergeOptions, PartitionMerge } from '../align/merge.js';
import type { Clock } from '../clock.js';
import type { DeadLetterMessage } from '../contract/messages.js';
import type { ClinicalEvent, EpochMs } from '../events/event.js';
import type { Reached } from './outputs.js';
import type { Control, DecodedBatch, OrderedBatch, Watermark } from './stages.js';

export interface MergingOptions extends MergeOptions {
  /** A topic that is silent for longer, in milliseconds, holds nothing back but what time alone would change. */
  readonly silentTopicMs: number;
}

const NOTHING = {
  events: [],
  watermarks: new Map(),
  positions: [],
  revoked: [],
  restored: [],
  discharged: [],
  recalled: [],
  silent: [],
};

/**
 * Puts each partition's events in event-time order; what must wait is kept and not committed. `pause` is told which topics of a
 * partition are so far ahead of the others that they need not be read on, each time these change.
 */
export function mergeByEventTime(
  options: MergingOptions,
  clock: Clock,
  pause: (partition: number, topics: readonly string[]) => void = () => undefined,
): OperatorFunction<DecodedBatch | Control, OrderedBatch> {
  const merges = new Map<number, PartitionMerge>();
  const paused = new Map<number, string>();
  const regulate = (partition: number, now: EpochMs) => {
    const topics = merges.get(partition)?.topicsAhead(now) ?? [];
    const key = topics.join(' ');
    if (key === (paused.get(partition) ?? '')) return;
    paused.set(partition, key);
    pause(partition, topics);
  };
  const reached = new Map<string, Reached>();
  const release = (
    events: readonly ClinicalEvent[],
    deadLetters: DeadLetterMessage[],
    partitions: readonly number[],
    now: EpochMs | null,
  ) => {
    const watermarks = new Map<number, Watermark>();
    if (now !== null) {
      for (const partition of partitions) {
        const merge = merges.get(partition) as PartitionMerge;
        watermarks.set(partition, { ordered: merge.orderedThrough, complete: merge.completeThrough(now) });
      }
    }
    const positions = partitions.flatMap((partition) =>
      committable(partition, reached, merges.get(partition)?.held ?? []),
    );
    return { ...NOTHING, events, watermarks, deadLetters, positions };
  };
  return map((batch) => {
    if (batch === 'end') {
      return release(
        [...merges.values()].flatMap((merge) => merge.flush()),
        [],
        [...merges.keys()],
        null,
      );
    }
    const now = clock.now();
    if ('progress' in batch) {
      for (const { partition, topic, readThrough, completeThrough, silentMs } of batch.progress) {
        const isSilent = silentMs > options.silentTopicMs;
        merges.get(partition)?.note(topic, { readThrough, completeThrough, isSilent });
      }
      const released = [...merges.values()].flatMap((merge) => merge.release(now));
      for (const partition of merges.keys()) regulate(partition, now);
      return release(released, [], [...merges.keys()], now);
    }
    if ('revoked' in batch) {
      for (const partition of batch.revoked) {
        merges.delete(partition);
        paused.delete(partition);
      }
      for (const [key, { partition }] of reached) if (batch.revoked.includes(partition)) reached.delete(key);
      return { ...NOTHING, deadLetters: [], revoked: batch.revoked };
    }
    if ('restored' in batch) {
      const { assigned, topics, restored, discharged, silent } = batch;
      for (const partition of assigned) merges.set(partition, new PartitionMerge(options, topics));
      return { ...NOTHING, restored, discharged, silent, deadLetters: [] };
    }
    const { partition, topic, events, deadLetters, refused } = batch;
    const merge = merges.get(partition) ?? new PartitionMerge(options);
    merges.set(partition, merge);
    merge.add(topic, events, now);
    for (const position of batch.positions) {
      const key = `${position.topic}/${partition}`;
      const { from } = reached.get(key) ?? position;
      reached.set(key, from === undefined ? position : { ...position, from });
    }
    const released = merge.release(now);
    regulate(partition, now);
    return { ...release(released, deadLetters, [partition], now), ...(refused && { refused }) };
  });
}

/** How far a partition's topics are read, short of the events still held. */
function committable(
  partition: number,
  reached: ReadonlyMap<string, Reached>,
  held: readonly ClinicalEvent[],
): Reached[] {
  const firstHeld = new Map<string, number>();
  for (const { topic, offset } of held) {
    firstHeld.set(topic, Math.min(offset, firstHeld.get(topic) ?? Number.POSITIVE_INFINITY));
  }
  return [...reached.values()]
    .filter((position) => position.partition === partition)
    .map((position) => {
      const { topic, offset } = position;
      return { ...position, offset: Math.min(offset, firstHeld.get(topic) ?? offset) };
    });
}
