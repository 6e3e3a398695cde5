/**
 * Tells, in the order of a log, which records count: who takes a partition over writes with a higher epoch, and what the one before
 * still writes after that, since it was frozen and does not know, counts for nothing. What says no epoch is of a version that has none,
 * and counts.
 */
export class Fence {
  /** By partition. */
  readonly #highest = new Map<number, number>();

  /** The highest epoch so far; 0: none. */
  epochOf(partition: number): number {
    return this.#highest.get(partition) ?? 0;
  }

  passes(partition: number, epoch: number | undefined): boolean {
    if (epoch === undefined) return true;
    if (epoch < this.epochOf(partition)) return false;
    this.#highest.set(partition, epoch);
    return true;
  }

  /** The log begins anew. */
  clear(): void {
    this.#highest.clear();
  }
}
