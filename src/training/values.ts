import { VARIABLES } from '../clinical/variables.js';

/** Values kept of a variable at most; beyond, every second is let go. */
const MOST_KEPT = 8192;
/** Quantiles written: the middle 95 %, the middle 80 % and the median. */
const QUANTILES = [0.025, 0.1, 0.5, 0.9, 0.975] as const;

/** What a source has of one variable, in its canonical unit. */
export interface ValueSummary {
  readonly count: number;
  /** Quantiles 0.025, 0.1, 0.5, 0.9 and 0.975. */
  readonly quantiles: readonly number[];
}

/** An even sample of every variable's values, in the order they come: the same stream, the same sample. */
export class ValueSample {
  readonly #kept: number[][] = VARIABLES.map(() => []);
  readonly #count = new Float64Array(VARIABLES.length);
  /** One value in so many is kept. */
  readonly #stride = new Float64Array(VARIABLES.length).fill(1);

  add(variable: number, value: number): void {
    if (this.#count[variable]++ % this.#stride[variable] !== 0) return;
    const kept = this.#kept[variable];
    kept.push(value);
    if (kept.length <= MOST_KEPT) return;
    this.#kept[variable] = kept.filter((_, index) => index % 2 === 0);
    this.#stride[variable] *= 2;
  }

  /** Sample of a variable, ascending. */
  sorted(variable: number): number[] {
    return [...this.#kept[variable]].sort((a, b) => a - b);
  }

  /** By id, of the variables that the source has. */
  summaries(): Record<string, ValueSummary> {
    const found: Record<string, ValueSummary> = {};
    VARIABLES.forEach(({ id }, variable) => {
      const sorted = this.sorted(variable);
      if (sorted.length === 0) return;
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
      found[id] = {
        count: this.#count[variable],
        quantiles: QUANTILES.map((q) => Number(at(q).toPrecision(4))),
      };
    });
    return found;
  }
}
