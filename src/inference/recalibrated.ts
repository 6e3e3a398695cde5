import type { ModelOutput } from '../contract/outcomes.js';
import type { Curve, Recalibration } from './recalibration.js';
import { recalibrated } from './recalibration.js';
import type { InferenceRuntime, StepInput, StepOutput } from './runtime.js';

/**
 * A runtime of which every logit is recalibrated. All that is told of a score goes through it: the score itself, what it would be
 * without a variable, and what is said of a patient of whom nothing is known.
 */
export class RecalibratedRuntime implements InferenceRuntime {
  readonly #runtime: InferenceRuntime;
  /** By column of the logits; undefined: as it is. */
  readonly #curves: readonly (Curve | undefined)[];

  constructor(runtime: InferenceRuntime, { curves }: Recalibration, outputs: readonly ModelOutput[]) {
    this.#runtime = runtime;
    this.#curves = outputs.map((output) => curves.get(output));
  }

  get name(): string {
    return this.#runtime.name;
  }

  async run(input: StepInput): Promise<StepOutput> {
    const output = await this.#runtime.run(input);
    const logit = output.logit.slice();
    const columns = this.#curves.length;
    for (let column = 0; column < columns; column++) {
      const curve = this.#curves[column];
      if (curve === undefined) continue;
      for (let at = column; at < input.rows * columns; at += columns)
        logit[at] = recalibrated(curve, logit[at]);
    }
    return { ...output, logit };
  }

  close(): Promise<void> {
    return this.#runtime.close();
  }
}
