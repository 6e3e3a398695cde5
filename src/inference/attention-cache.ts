import type { StepIndex } from '../align/timeline.js';
import type { GraphShape } from './runtime.js';

type CacheShape = Pick<GraphShape, 'layers' | 'slots' | 'width'>;

/**
 * A patient's attention cache: keys and values of the closed steps, slot `step % slots`. A step appended again (after
 * late data) overwrites its slot; steps behind it must be appended again too.
 */
export class AttentionCache {
  /** [layers, slots, width] */
  readonly k: Float32Array;
  readonly v: Float32Array;
  /** Step held in each slot; -1 where empty. */
  readonly steps: Int32Array;
  readonly #shape: CacheShape;

  constructor(shape: CacheShape) {
    const { layers, slots, width } = shape;
    this.#shape = shape;
    this.k = new Float32Array(layers * slots * width);
    this.v = new Float32Array(layers * slots * width);
    this.steps = new Int32Array(slots).fill(-1);
  }

  /** Writes each slot's distance from the token of `step` into `ages`; `slots` for those it must not attend to. */
  writeAges(step: StepIndex, ages: Int32Array, offset: number): void {
    const { slots } = this.#shape;
    for (let slot = 0; slot < slots; slot++) {
      const held = this.steps[slot];
      const distance = step - held;
      ages[offset + slot] = held >= 0 && distance > 0 && distance < slots ? distance : slots;
    }
  }

  /** Puts the keys and values of row `row` of a batch's output ([rows, layers, width]) into the slot of `step`. */
  append(step: StepIndex, newK: Float32Array, newV: Float32Array, row: number): void {
    const { layers, slots, width } = this.#shape;
    const slot = step % slots;
    this.steps[slot] = step;
    for (let layer = 0; layer < layers; layer++) {
      const from = (row * layers + layer) * width;
      const to = (layer * slots + slot) * width;
      this.k.set(newK.subarray(from, from + width), to);
      this.v.set(newV.subarray(from, from + width), to);
    }
  }
}
