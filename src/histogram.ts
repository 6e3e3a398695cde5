/** Counts of values by size, in fixed buckets: `observe` allocates nothing. */
export class Histogram {
  readonly bounds: readonly number[];
  /** Values at most `bounds[i]` and above the bound before; the last one is above all bounds. */
  readonly #counts: Float64Array;
  sum = 0;

  /** @param bounds Upper bounds, ascending. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) bucket++;
    this.#counts[bucket]++;
    this.sum += value;
  }

  /** Values at most each bound, and at last all of them. */
  cumulative(): number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => {
      total += count;
      return total;
    });
  }
}
