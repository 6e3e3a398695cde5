import type { TopicProgress } from '../bus/bus.js';
import type { EngineInput } from './stages.js';

/** How far a process is from the present: so many of its partitions are restored and read to their end. */
export interface CatchingUp {
  readonly partitions: number;
  /** Partitions that it has; 0: it has been assigned none yet. */
  readonly of: number;
  /** Those whose patients are known, at least as they were. */
  readonly restored: number;
}

/** A partition that is behind: which input was the first to say that all its topics are read; NaN: none has yet. */
interface Behind {
  readBy: number;
  /** Its patients are known as they were. */
  isRestored: boolean;
}

/**
 * Knows whether what a process shows is the present: whether it has been assigned its partitions, and each of them has been read to
 * where it ended, and what was read has gone through the pipeline.
 */
export class CatchUp {
  readonly #behind = new Map<number, Behind>();
  readonly #present = new Set<number>();
  #isAssigned = false;
  #accepted = 0;
  #settled = 0;

  /** Null where nothing is behind. */
  get progress(): CatchingUp | null {
    this.#look();
    if (this.#isAssigned && this.#behind.size === 0) return null;
    const partitions = this.#present.size;
    const restored = partitions + [...this.#behind.values()].filter(({ isRestored }) => isRestored).length;
    return { partitions, of: partitions + this.#behind.size, restored };
  }

  /** Whether what is known of the partition's patients has been the present. */
  isPresent(partition: number): boolean {
    this.#look();
    return this.#present.has(partition);
  }

  /** These partitions, which may be none, are this process's from now on. */
  begin(partitions: readonly number[]): void {
    this.#isAssigned = true;
    for (const partition of partitions) {
      this.#present.delete(partition);
      this.#behind.set(partition, { readBy: Number.NaN, isRestored: false });
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
    if (this.#behind.size === 0 || typeof input === 'string') return;
    if ('restored' in input) {
      for (const partition of input.assigned) {
        const behind = this.#behind.get(partition);
        if (behind !== undefined) behind.isRestored = true;
      }
    }
    if (!('progress' in input)) return;
    for (const [partition, behind] of this.#behind) {
      const topics = input.progress.filter((topic) => topic.partition === partition);
      if (Number.isNaN(behind.readBy) && topics.length > 0 && topics.every(isRead)) {
        behind.readBy = this.#accepted;
      }
    }
  }

  #look(): void {
    for (const [partition, { readBy }] of this.#behind) {
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
