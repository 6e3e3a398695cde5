import type { Position, StateChange, StateLog, StatePlace } from '../bus/bus.js';
import type { EpochMs } from '../events/event.js';

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * One write of a checkpoint: how far the input was processed when it began. Partitions may be revoked while it is under way: what
 * it has of them is void from then on, also where they come back before it ends.
 */
export class CheckpointWrite {
  readonly #positions: Map<string, Position>;
  readonly #newest: ReadonlyMap<number, EpochMs>;
  readonly #givenUp = new Set<number>();

  /** `positions` by topic and partition; `newest` by partition, event time of the newest observation. */
  constructor(positions: ReadonlyMap<string, Position>, newest: ReadonlyMap<number, EpochMs>) {
    this.#positions = new Map(positions);
    this.#newest = new Map(newest);
  }

  /** What is committed at its end. */
  get positions(): ReadonlyMap<string, Position> {
    return this.#positions;
  }

  /** Appends changes to the log, and gives their places. What a snapshot has in it is not read again: `flush` makes its results safe first. */
  async append(
    log: StateLog,
    changes: readonly StateChange[],
    flush: () => Promise<void>,
  ): Promise<readonly StatePlace[]> {
    await flush();
    return log.write(changes.filter(({ partition }) => !this.#givenUp.has(partition)));
  }

  giveUp(partitions: readonly number[]): void {
    for (const partition of partitions) this.#givenUp.add(partition);
    for (const [key, { partition }] of this.#positions) {
      if (this.#givenUp.has(partition)) this.#positions.delete(key);
    }
  }

  /** Event time up to which the partition is processed; −∞ where nothing of it is committed. */
  readTo(partition: number): EpochMs {
    const isCommitted = [...this.#positions.values()].some((position) => position.partition === partition);
    return (isCommitted ? this.#newest.get(partition) : undefined) ?? NEVER;
  }
}
