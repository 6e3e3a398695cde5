import type { Consumer } from '../bus/bus.js';
import type { Checkpoint } from './checkpoint.js';
import type { Flow } from './flow.js';
import type { Sink } from './outputs.js';
import type { SilentPatient } from './silent.js';

/** Told to end, results are waited for this long; then the partitions are left all the same. */
const LEAVE_WITHIN_MS = 3000;

/** Results did not come to rest before the end. */
class Hurried extends Error {}

export interface CheckpointerOptions {
  readonly checkpoint: Checkpoint;
  readonly flow: Flow;
  readonly sinks: readonly Sink[];
  /** Told, while nothing is under way, who has left memory. */
  readonly onSilent: (silent: readonly SilentPatient[]) => void;
}

/** Makes checkpoints every so often, beside the stream, and a last one at the end. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #consumer: Consumer | null = null;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | null = null;
  #hurry: () => void = () => undefined;
  /** Rejects when results have been waited for long enough at the end. */
  readonly #hurried = new Promise<never>((_, reject) => {
    this.#hurry = () => reject(new Hurried());
  });
  /** Checkpoints so far. */
  count = 0;
  /** Seconds that the last one took. */
  lastSeconds = 0;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#hurried.catch(() => undefined);
  }

  start(consumer: Consumer, everyMs: number): void {
    const { flow } = this.#options;
    this.#consumer = consumer;
    this.#timer = setInterval(() => {
      if (this.#underWay !== null || flow.failure !== null) return;
      this.#underWay = this.#write()
        .then(() => this.#evict())
        .catch((error: unknown) => {
          if (!(error instanceof Hurried)) flow.fail(error);
        })
        .finally(() => {
          this.#underWay = null;
        });
    }, everyMs);
  }

  /** A store that hangs must not keep the partitions from whoever is assigned them: they read again what is not committed. */
  async finish(): Promise<void> {
    const { flow } = this.#options;
    clearInterval(this.#timer);
    const hurry = setTimeout(this.#hurry, LEAVE_WITHIN_MS);
    await this.#underWay;
    await flow.idle();
    if (flow.failure === null) {
      await this.#write().catch((error: unknown) => {
        if (!(error instanceof Hurried)) throw error;
      });
    }
    clearTimeout(hurry);
  }

  /** Writes the state of patients that changed, and commits. */
  async #write(): Promise<void> {
    const { checkpoint, flow, sinks } = this.#options;
    if (this.#consumer === null) return;
    const began = performance.now();
    await checkpoint.write({
      consumer: this.#consumer,
      atRest: (call) => flow.atRest(call),
      flush: async () => {
        const flushed = Promise.all(sinks.map((sink) => sink.flush?.()));
        await Promise.race([flushed, this.#hurried]);
      },
    });
    this.count++;
    this.lastSeconds = (performance.now() - began) / 1000;
  }

  /** Lets silent patients leave memory; the sinks are told before anything else comes. */
  async #evict(): Promise<void> {
    const { checkpoint, flow, onSilent } = this.#options;
    if (flow.isEnding) return;
    await checkpoint.evict({ atRest: (call) => flow.atRest(call) }, onSilent);
  }
}
