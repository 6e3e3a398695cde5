import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { EpochMs } from '../events/event.js';

/** Number of a step since admission, from 0. */
export type StepIndex = number;

/** Length of a step and how many are kept; given by the model's config.json. */
export interface StepGrid {
  readonly stepMs: number;
  readonly steps: number;
}

const V = VARIABLE_COUNT;

/**
 * What a patient's steps before some step add up to, per variable: the last value with its time, and first, mean,
 * min, max and count over the steps still in the ring. `count` 0 means never seen; the other fields are then void.
 */
export class Carry {
  readonly last = new Float32Array(V);
  /** Milliseconds since admission at which `last` was observed. */
  readonly lastAt = new Float64Array(V);
  readonly first = new Float32Array(V);
  readonly mean = new Float32Array(V);
  readonly min = new Float32Array(V);
  readonly max = new Float32Array(V);
  readonly count = new Uint32Array(V);

  clear(): void {
    this.count.fill(0);
  }
}

/**
 * The ring of a patient's steps since admission. A step holds per variable the last value, mean, min, max and count;
 * a variable not seen in a step has count 0 there. 22 bytes a variable and step.
 */
export class PatientTimeline {
  readonly grid: StepGrid;
  /** Start of step 0. */
  readonly origin: EpochMs;
  /** Shape [steps, variables], row `step % steps`; so are the others. */
  readonly last: Float32Array;
  readonly mean: Float32Array;
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly count: Uint16Array;
  /** When `last` was observed, in milliseconds from the start of the step; negative for an old specimen. */
  readonly lastOffset: Int32Array;
  /** The provisional step: the newest one. */
  openStep: StepIndex = 0;
  /** Steps before `openStep`, folded. */
  readonly carry = new Carry();

  constructor(grid: StepGrid, origin: EpochMs) {
    this.grid = grid;
    this.origin = origin;
    const cells = grid.steps * V;
    this.last = new Float32Array(cells);
    this.mean = new Float32Array(cells);
    this.min = new Float32Array(cells);
    this.max = new Float32Array(cells);
    this.count = new Uint16Array(cells);
    this.lastOffset = new Int32Array(cells);
  }

  /** The step an event time falls into; negative before admission. */
  stepOf(time: EpochMs): StepIndex {
    return Math.floor((time - this.origin) / this.grid.stepMs);
  }

  /** End of a step, exclusive. */
  endOf(step: StepIndex): EpochMs {
    return this.origin + (step + 1) * this.grid.stepMs;
  }

  /** The oldest step still in the ring. */
  get oldestStep(): StepIndex {
    return Math.max(0, this.openStep - this.grid.steps + 1);
  }

  /** Records a value in its step, which must be in the ring. */
  record(step: StepIndex, variable: number, value: number, observedAt: EpochMs): void {
    const cell = (step % this.grid.steps) * V + variable;
    const offset = observedAt - (this.origin + step * this.grid.stepMs);
    const seen = this.count[cell];
    if (seen === 0) {
      this.mean[cell] = value;
      this.min[cell] = value;
      this.max[cell] = value;
      this.last[cell] = value;
      this.lastOffset[cell] = offset;
      this.count[cell] = 1;
      return;
    }
    const count = seen < 65_535 ? seen + 1 : seen;
    this.count[cell] = count;
    this.mean[cell] += (value - this.mean[cell]) / count;
    if (value < this.min[cell]) this.min[cell] = value;
    if (value > this.max[cell]) this.max[cell] = value;
    if (offset >= this.lastOffset[cell]) {
      this.last[cell] = value;
      this.lastOffset[cell] = offset;
    }
  }

  /** Closes the open step and opens the next one, empty. */
  advance(): void {
    const { steps } = this.grid;
    this.openStep++;
    const row = (this.openStep % steps) * V;
    if (this.openStep < steps) {
      this.fold(this.carry, this.openStep - 1);
    } else {
      this.count.fill(0, row, row + V);
      this.foldBefore(this.carry, this.openStep);
    }
  }

  /** Sets `carry` to the fold of all steps in the ring before `step`. */
  foldBefore(carry: Carry, step: StepIndex): void {
    carry.clear();
    for (let each = this.oldestStep; each < step; each++) this.fold(carry, each);
  }

  /** Adds one step to `carry`. */
  fold(carry: Carry, step: StepIndex): void {
    const row = (step % this.grid.steps) * V;
    const start = step * this.grid.stepMs;
    for (let variable = 0; variable < V; variable++) {
      const cell = row + variable;
      const count = this.count[cell];
      if (count === 0) continue;
      const before = carry.count[variable];
      carry.count[variable] = before + count;
      carry.last[variable] = this.last[cell];
      carry.lastAt[variable] = start + this.lastOffset[cell];
      if (before === 0) {
        carry.first[variable] = this.mean[cell];
        carry.mean[variable] = this.mean[cell];
        carry.min[variable] = this.min[cell];
        carry.max[variable] = this.max[cell];
      } else {
        carry.mean[variable] += ((this.mean[cell] - carry.mean[variable]) * count) / (before + count);
        if (this.min[cell] < carry.min[variable]) carry.min[variable] = this.min[cell];
        if (this.max[cell] > carry.max[variable]) carry.max[variable] = this.max[cell];
      }
    }
  }

  /** Writes the last known value and its age at `asOf` (ms) of every variable; NaN where never seen. Shapes [variables]. */
  lastKnown(asOf: EpochMs, values: Float32Array, ages: Float32Array): void {
    const row = (this.openStep % this.grid.steps) * V;
    const now = asOf - this.origin;
    const openStart = this.openStep * this.grid.stepMs;
    for (let variable = 0; variable < V; variable++) {
      if (this.count[row + variable] > 0) {
        values[variable] = this.last[row + variable];
        ages[variable] = now - (openStart + this.lastOffset[row + variable]);
      } else if (this.carry.count[variable] > 0) {
        values[variable] = this.carry.last[variable];
        ages[variable] = now - this.carry.lastAt[variable];
      } else {
        values[variable] = Number.NaN;
        ages[variable] = Number.NaN;
      }
    }
  }
}
