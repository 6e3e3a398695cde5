import { INPUT_TOPICS } from '../events/topics.js';
import type { EngineInput } from './stages.js';

/** How far a process is from the present: so many of its partitions are restored and read to their end. */
export interface CatchingUp {
  readonly partitions: number;
  /** Partitions that it has; 0: it has not been dealt any yet. */
  readonly of: number;
}

/** The lane of a bus that keeps one order across the topics of a partition. */
const ONE_LANE = 'all';

/**
 * Knows whether what a process shows is the present: whether it has been dealt its partitions, and each of them has been read to
 * its end once, and what was read has gone through the pipeline.
 */
export class CatchUp {
  /** Of partitions that are behind: by lane, which input was the first to say that the lane is read to its end. */
  readonly #behind = new Map<number, Map<string, number>>();
  readonly #present = new Set<number>();
  #isDealt = false;
  #accepted = 0;
  #settled = 0;

  /** Null where nothing is behind. */
  get progress(): CatchingUp | null {
    for (const [partition, ends] of this.#behind) {
      const done = [...ends].filter(([, input]) => input <= this.#settled);
      const isOne = done.some(([lane]) => lane === ONE_LANE);
      if (!isOne && done.length < INPUT_TOPICS.length) continue;
      this.#behind.delete(partition);
      this.#present.add(partition);
    }
    if (this.#isDealt && this.#behind.size === 0) return null;
    return { partitions: this.#present.size, of: this.#present.size + this.#behind.size };
  }

  /** These partitions, which may be none, are this process's from now on. */
  begin(partitions: readonly number[]): void {
    this.#isDealt = true;
    for (const partition of partitions) {
      this.#present.delete(partition);
      this.#behind.set(partition, new Map());
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
    if (typeof input === 'string' || !('records' in input)) return;
    const { partition, lane, caughtUp } = input;
    const ends = this.#behind.get(partition);
    if (caughtUp && ends !== undefined && !ends.has(lane)) ends.set(lane, this.#accepted);
  }

  /** The oldest input that was under way has come out of the pipeline. */
  settle(): void {
    this.#settled++;
  }
}
