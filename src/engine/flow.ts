import type { EngineInput } from './stages.js';

/** Input batches under way at once: while one is scored, the next is aligned. */
const MAX_IN_FLIGHT = 3;

/**
 * What goes through the pipeline: it takes in what comes when there is room, and knows when nothing is under way. A failure ends
 * it.
 */
export class Flow {
  readonly #into: (input: EngineInput) => void;
  #inFlight = 0;
  #waiting: (() => void)[] = [];
  /** While something is copied nothing new comes in. */
  #isHeld = false;
  /** What comes in now is left to whoever reads on from the committed offsets. */
  #isEnding = false;
  #failure: Error | null = null;
  #reportFailure: (error: Error) => void = () => undefined;
  readonly #failed = new Promise<Error>((resolve) => {
    this.#reportFailure = resolve;
  });

  constructor(into: (input: EngineInput) => void) {
    this.#into = into;
  }

  /** Input batches under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Why it stopped, if it did. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Resolves when it has stopped by itself, with the reason. */
  failed(): Promise<Error> {
    return this.#failed;
  }

  /** Takes in what comes when there is room; what a call gives is as of then. */
  async accept(input: EngineInput | (() => EngineInput)): Promise<void> {
    while ((this.#isHeld || this.#inFlight >= MAX_IN_FLIGHT) && this.#failure === null) {
      await this.#progress();
    }
    if (this.#failure !== null || this.#isEnding) return;
    this.feed(typeof input === 'function' ? input() : input);
  }

  /** Takes it in at once. */
  feed(input: EngineInput): void {
    this.#inFlight++;
    this.#into(input);
  }

  /** The oldest input under way has come to its end. */
  settle(): void {
    this.#inFlight--;
    this.#wake();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#inFlight > 0 && this.#failure === null) await this.#progress();
  }

  /** Lets what is under way come to its end, calls, and goes on. */
  async atRest<Result>(call: () => Result): Promise<Result> {
    this.#isHeld = true;
    try {
      await this.idle();
      if (this.#failure !== null) throw this.#failure;
      return call();
    } finally {
      this.#isHeld = false;
      this.#wake();
    }
  }

  /** Nothing more is taken in. */
  end(): void {
    this.#isEnding = true;
  }

  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#reportFailure(this.#failure);
    this.#inFlight = 0;
    this.#wake();
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
