import type { TopicProgress } from '../bus/bus.js';
import type { EngineInput } from './stages.js';

/**
 * Knows of which partitions what a process knows is the present: it has been assigned them, each of them has been read to where it
 * ended, and what was read has gone through the pipeline.
 */
export class CatchUp {
  /** Which input was the first to say that all topics of a partition are read; NaN: none has yet. */
  readonly #behind = new Map<number, number>();
  readonly #present = new Set<number>();
  #accepted = 0;
  #settled = 0;

  /** Whether what is known of the partition's patients has been the present. */
  isPresent(partition: number): boolean {
    this.#look();
    return this.#present.has(partition);
  }

  /** These partitions, which may be none, are this process's from now on. */
  begin(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#present.delete(partition);
      this.#behind.set(partition, Number.NaN);
    }
  }

  forget(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#present.delete(partition);
      this.#behind.delete(partition);
    }
  }

  /** One more input goes into the pipeline. */
  accept(input: EngineInput): void {
    this.#accepted++;
    if (typeof input === 'string' || !('progress' in input)) return;
    for (const [partition, readBy] of this.#behind) {
      const topics = input.progress.filter((topic) => topic.partition === partition);
      if (Number.isNaN(readBy) && topics.length > 0 && topics.every(isRead)) {
        this.#behind.set(partition, this.#accepted);
      }
    }
  }

  #look(): void {
    for (const [partition, readBy] of this.#behind) {
      if (!(readBy <= this.#settled)) continue;
      this.#behind.delete(partition);
      this.#present.add(partition);
    }
  }

  /** The oldest input that was under way has come out of the pipeline. */
  settle(): void {
    this.#settled++;
  }
}

/** It was read to where it ended when that was asked for. */
function isRead({ readThrough }: TopicProgress): boolean {
  return readThrough > Number.NEGATIVE_INFINITY;
}
