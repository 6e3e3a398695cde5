import type { GraphShape, InferenceRuntime, StepInput, StepOutput } from './runtime.js';

/** A logit of next to no risk. */
const NONE = -20;

/** A runtime that foretells nothing of anybody, at no cost: for a pass in which only what comes in is counted. */
export class BlankRuntime implements InferenceRuntime {
  readonly name = 'blank';
  readonly #shape: GraphShape;

  constructor(shape: GraphShape) {
    this.#shape = shape;
  }

  async run({ rows }: StepInput): Promise<StepOutput> {
    const { outputs, layers, width } = this.#shape;
    const cached = () => new Float32Array(rows * layers * width);
    return {
      logit: new Float32Array(rows * outputs.length).fill(NONE),
      newK: cached(),
      newV: cached(),
    };
  }

  async close(): Promise<void> {}
}
