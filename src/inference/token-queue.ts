import type { StepIndex } from '../align/timeline.js';
import type { Outcomes } from '../contract/outcomes.js';
import type { AttentionCache } from './attention-cache.js';

/** A row's outcomes, and its place in the input of its batch. */
export type OnRun = (outcomes: Outcomes, x: Float32Array, row: number) => void;

/** One row of a batch. */
export interface Token {
  readonly cache: AttentionCache;
  readonly step: StepIndex;
  /** Null for the closing token of a step, whose keys and values are appended. */
  readonly onRun: OnRun | null;
}

/** Rows that are run together; `x` is `[maxBatch, features]`. */
export interface Batch {
  readonly x: Float32Array;
  readonly tokens: Token[];
}

/** Where a row is to be written. */
export interface Row {
  readonly x: Float32Array;
  readonly offset: number;
}

/** What the queue knows of a patient. */
export interface TokenSource {
  readonly cache: AttentionCache;
  /** First batch (by number) that may hold the patient's next token. */
  earliest: number;
}

/** Row buffers kept for the next batches: a burst opens many, at a quarter of a megabyte each. */
const MAX_FREE = 4;

/**
 * Puts tokens of many patients into batches. A token that follows a closing token of the same patient goes into a later batch, since it
 * attends to what the closing token appends; so several batches are open at once.
 */
export class TokenQueue {
  readonly #maxBatch: number;
  readonly #features: number;
  readonly #open: Batch[] = [];
  readonly #free: Float32Array[] = [];
  /** Number of the first open batch. */
  #head = 0;

  constructor(maxBatch: number, features: number) {
    this.#maxBatch = maxBatch;
    this.#features = features;
  }

  /** Whether nothing more goes into the first batch. */
  get isFull(): boolean {
    return this.#open.length > 0 && this.#open[0].tokens.length >= this.#maxBatch;
  }

  /** Takes the next place for a row of the patient, not before their rows so far; the caller writes it there. */
  add(source: TokenSource, step: StepIndex, onRun: OnRun | null): Row {
    let number = Math.max(source.earliest, this.#head);
    while (this.#batch(number).tokens.length >= this.#maxBatch) number++;
    const { x, tokens } = this.#batch(number);
    const offset = tokens.length * this.#features;
    tokens.push({ cache: source.cache, step, onRun });
    source.earliest = onRun === null ? number + 1 : number;
    return { x, offset };
  }

  /** The first batch, to be run; undefined where there is none. */
  shift(): Batch | undefined {
    if (this.#open.length > 0) this.#head++;
    return this.#open.shift();
  }

  /** The rows of a batch that has run are free for another. */
  giveBack({ x }: Batch): void {
    if (this.#free.length < MAX_FREE) this.#free.push(x);
  }

  /** The open batch of that number, made if it is not there yet. */
  #batch(number: number): Batch {
    while (this.#head + this.#open.length <= number) {
      const x = this.#free.pop() ?? new Float32Array(this.#maxBatch * this.#features);
      this.#open.push({ x, tokens: [] });
    }
    return this.#open[number - this.#head];
  }
}
