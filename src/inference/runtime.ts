import type { ModelOutput } from '../contract/outcomes.js';

/** One batch of tokens for the step graph, row by row. Shapes in the model's config.json terms. */
export interface StepInput {
  readonly rows: number;
  /** [rows, features] */
  readonly x: Float32Array;
  /** Cached keys, [rows, layers, slots, width] */
  readonly k: Float32Array;
  /** Cached values, [rows, layers, slots, width] */
  readonly v: Float32Array;
  /** Distance in steps of each slot from the token, [rows, slots]; `slots` where the slot is empty. */
  readonly age: Int32Array;
}

export interface StepOutput {
  /** Calibrated logits, [rows, outputs]. */
  readonly logit: Float32Array;
  /** Keys of the new tokens, [rows, layers, width] */
  readonly newK: Float32Array;
  /** Values of the new tokens, [rows, layers, width] */
  readonly newV: Float32Array;
}

/** Runs the step graph. One call at a time. */
export interface InferenceRuntime {
  readonly name: string;
  run(input: StepInput): Promise<StepOutput>;
  close(): Promise<void>;
}

/** Sizes the step graph is built for. */
export interface GraphShape {
  readonly features: number;
  readonly layers: number;
  readonly slots: number;
  readonly width: number;
  /** Columns of the logits. */
  readonly outputs: readonly ModelOutput[];
}
