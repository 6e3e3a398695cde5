import type { Consumer } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import type { BehindWatch } from './behind.js';
import type { Flow } from './flow.js';
import type { SchemaGate } from './schema-gate.js';

/** How often events that have waited long enough are released, where nothing new comes in. */
const TICK_MS = 50;
/** How often it is looked for partitions that are not read to their end. */
const LOOK_MS = 1000;

export interface TickerOptions {
  readonly flow: Flow;
  readonly gate: SchemaGate;
  readonly behind: BehindWatch;
  readonly clock: Clock;
}

/**
 * Live, tells the pipeline how far the input is read, so that what waits for its time is released when it comes, even if nothing
 * new arrives. One word of it waits at a time, in line with the input, so it comes however busy the pipeline is.
 */
export class Ticker {
  readonly #options: TickerOptions;
  #ticking: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  start(consumer: Consumer): void {
    const { flow, gate, behind, clock } = this.#options;
    let isWaiting = false;
    this.#ticking = setInterval(() => {
      if (isWaiting) return;
      isWaiting = true;
      void flow
        .accept(() => ({ progress: gate.inside(consumer.progress()) }))
        .finally(() => {
          isWaiting = false;
        });
    }, TICK_MS);
    this.#looking = setInterval(() => behind.look(gate.inside(consumer.progress()), clock.now()), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#ticking);
    clearInterval(this.#looking);
  }
}
