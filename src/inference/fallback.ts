import { within } from '../deadline.js';
import type { InferenceRuntime, StepInput, StepOutput } from './runtime.js';

export interface FallbackOptions {
  /** A run that takes longer counts as failed: a lost GPU may not answer. */
  readonly timeoutMs: number;
  /** Called once, when the first runtime is given up. */
  readonly onFallback: (message: string) => void;
}

/**
 * A runtime with another in reserve: where a run fails, the same batch runs on the other one, and so does all that
 * follows. No score is lost; from then on they are equal to rounding, not to the bit.
 */
export class FallbackRuntime implements InferenceRuntime {
  readonly #first: InferenceRuntime;
  readonly #reserve: InferenceRuntime;
  readonly #options: FallbackOptions;
  #hasFailed = false;

  constructor(first: InferenceRuntime, reserve: InferenceRuntime, options: FallbackOptions) {
    this.#first = first;
    this.#reserve = reserve;
    this.#options = options;
  }

  /** The one in use. */
  get name(): string {
    return (this.#hasFailed ? this.#reserve : this.#first).name;
  }

  async run(input: StepInput): Promise<StepOutput> {
    if (!this.#hasFailed) {
      try {
        return await this.#runFirst(input);
      } catch (error) {
        this.#hasFailed = true;
        const why = error instanceof Error ? error.message : String(error);
        this.#options.onFallback(
          `${this.#first.name} failed (${why}); scoring goes on with ${this.#reserve.name}`,
        );
      }
    }
    return this.#reserve.run(input);
  }

  async close(): Promise<void> {
    // One that has failed may not close either.
    await this.#first.close().catch((error: unknown) => {
      if (!this.#hasFailed) throw error;
    });
    await this.#reserve.close();
  }

  async #runFirst(input: StepInput): Promise<StepOutput> {
    const { timeoutMs } = this.#options;
    return within(timeoutMs, this.#first.run(input), () => {
      throw new Error(`no answer within ${timeoutMs} ms`);
    });
  }
}
