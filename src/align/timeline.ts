import { bendOf } from '../clinical/monotone.js';
import { VARIABLE_COUNT, VARIABLES } from '../clinical/variables.js';
import type { EpochMs } from '../events/event.js';
import { NewestDocuments } from './documents.js';
import { PatientSigns } from './patient-signs.js';
import { type Result, ResultLog, stands } from './results.js';

/** Number of a step since admission, from 0. */
export type StepIndex = number;

/** Length of a step and how many are kept; given by the model's config.json. */
export interface StepGrid {
  readonly stepMs: number;
  readonly steps: number;
}

const V = VARIABLE_COUNT;

/** Weight a step keeps in `recent` for each step that follows: half of it after three. */
const RECENT_DECAY = 0.5 ** (1 / 3);

/** Where the averages of a variable bend; NaN where they do not. Shape [variables]. */
const BEND = Float64Array.from(VARIABLES, ({ id }) => bendOf(id));

/**
 * What a patient's steps before some step add up to, per variable, over the steps still in the ring. Each step counts
 * once, with its mean: so a value a minute and a value an hour of the same course fold to the same, and one artefact
 * among sixty values hardly shows. `seen` 0 means never seen; the other fields are then void.
 */
export class RunningSummary {
  /** Steps with a value. */
  readonly seen: Uint16Array;
  readonly last: Float32Array;
  /** Milliseconds since admission at which `last` was observed. */
  readonly lastAt: Float64Array;
  readonly first: Float32Array;
  readonly mean: Float32Array;
  /** Sum of squared distances of the step means from `mean` (Welford 1962). */
  readonly squares: Float64Array;
  readonly min: Float32Array;
  readonly max: Float32Array;
  /** Mean that forgets: a step's weight halves every three steps. */
  readonly recent: Float32Array;
  readonly recentWeight: Float32Array;
  /** Step of the last value in `recent`. */
  readonly recentStep: Int32Array;
  /**
   * Of variables that bend, of the steps' last values: no value within a step makes up for another. The least, the greatest, and as `mean` and
   * `recent` what is below and what is above the middle of normal, that middle where a step is on the other side.
   */
  readonly least: Float32Array;
  readonly greatest: Float32Array;
  readonly underMean: Float32Array;
  readonly overMean: Float32Array;
  readonly underRecent: Float32Array;
  readonly overRecent: Float32Array;

  constructor(variables = V) {
    this.seen = new Uint16Array(variables);
    this.last = new Float32Array(variables);
    this.lastAt = new Float64Array(variables);
    this.first = new Float32Array(variables);
    this.mean = new Float32Array(variables);
    this.squares = new Float64Array(variables);
    this.min = new Float32Array(variables);
    this.max = new Float32Array(variables);
    this.recent = new Float32Array(variables);
    this.recentWeight = new Float32Array(variables);
    this.recentStep = new Int32Array(variables);
    this.least = new Float32Array(variables);
    this.greatest = new Float32Array(variables);
    this.underMean = new Float32Array(variables);
    this.overMean = new Float32Array(variables);
    this.underRecent = new Float32Array(variables);
    this.overRecent = new Float32Array(variables);
  }

  clear(): void {
    this.seen.fill(0);
  }

  /** Takes over one variable of another summary, as variable `to` of this one. */
  copy(from: RunningSummary, variable: number, to: number): void {
    this.seen[to] = from.seen[variable];
    this.last[to] = from.last[variable];
    this.lastAt[to] = from.lastAt[variable];
    this.first[to] = from.first[variable];
    this.mean[to] = from.mean[variable];
    this.squares[to] = from.squares[variable];
    this.min[to] = from.min[variable];
    this.max[to] = from.max[variable];
    this.recent[to] = from.recent[variable];
    this.recentWeight[to] = from.recentWeight[variable];
    this.recentStep[to] = from.recentStep[variable];
    this.least[to] = from.least[variable];
    this.greatest[to] = from.greatest[variable];
    this.underMean[to] = from.underMean[variable];
    this.overMean[to] = from.overMean[variable];
    this.underRecent[to] = from.underRecent[variable];
    this.overRecent[to] = from.overRecent[variable];
  }

  /** Adds the mean and the last value of a step that comes after those added. */
  add(variable: number, step: StepIndex, mean: number, last: number): void {
    const seen = ++this.seen[variable];
    let weight = 1;
    if (seen === 1) {
      this.first[variable] = mean;
      this.mean[variable] = mean;
      this.squares[variable] = 0;
      this.min[variable] = mean;
      this.max[variable] = mean;
      this.recent[variable] = mean;
    } else {
      const delta = mean - this.mean[variable];
      this.mean[variable] += delta / seen;
      this.squares[variable] += delta * (mean - this.mean[variable]);
      if (mean < this.min[variable]) this.min[variable] = mean;
      if (mean > this.max[variable]) this.max[variable] = mean;
      weight = 1 + this.recentWeight[variable] * RECENT_DECAY ** (step - this.recentStep[variable]);
      this.recent[variable] += (mean - this.recent[variable]) / weight;
    }
    this.recentWeight[variable] = weight;
    this.recentStep[variable] = step;
    if (!Number.isNaN(BEND[variable])) this.#addBent(variable, last, weight);
  }

  #addBent(variable: number, last: number, weight: number): void {
    const seen = this.seen[variable];
    const under = Math.min(last, BEND[variable]);
    const over = Math.max(last, BEND[variable]);
    if (seen === 1) {
      this.least[variable] = last;
      this.greatest[variable] = last;
      this.underMean[variable] = under;
      this.overMean[variable] = over;
      this.underRecent[variable] = under;
      this.overRecent[variable] = over;
      return;
    }
    if (last < this.least[variable]) this.least[variable] = last;
    if (last > this.greatest[variable]) this.greatest[variable] = last;
    this.underMean[variable] += (under - this.underMean[variable]) / seen;
    this.overMean[variable] += (over - this.overMean[variable]) / seen;
    this.underRecent[variable] += (under - this.underRecent[variable]) / weight;
    this.overRecent[variable] += (over - this.overRecent[variable]) / weight;
  }
}

/** What a timeline holds, shape [steps, variables] each. */
export type TimelineArrays = Pick<PatientTimeline, 'last' | 'mean' | 'count' | 'lastOffset'>;

/**
 * The ring of a patient's steps since admission. A step holds per variable the last value, mean and count; a variable
 * not seen in a step has count 0 there. 14 bytes a variable and step.
 */
export class PatientTimeline {
  readonly grid: StepGrid;
  /** Start of step 0. */
  readonly origin: EpochMs;
  /** Shape [steps, variables], row `step % steps`; so are the others. */
  readonly last: Float32Array;
  readonly mean: Float32Array;
  readonly count: Uint16Array;
  /** When `last` was observed, in milliseconds from the start of the step; negative for an old specimen. */
  readonly lastOffset: Int32Array;
  /** Encoded notes and images, of the steps in the ring. */
  readonly notes = new NewestDocuments();
  readonly images = new NewestDocuments();
  /** Laboratory results of the steps in the ring, each as it was corrected last. */
  readonly results = new ResultLog();
  /** What the patient's state is told from, by the time of observation. */
  readonly signs = new PatientSigns();
  /** The provisional step: the newest one. */
  openStep: StepIndex = 0;
  /** Steps before `openStep`, folded. */
  readonly summary = new RunningSummary();

  constructor(grid: StepGrid, origin: EpochMs) {
    this.grid = grid;
    this.origin = origin;
    const cells = grid.steps * V;
    this.last = new Float32Array(cells);
    this.mean = new Float32Array(cells);
    this.count = new Uint16Array(cells);
    this.lastOffset = new Int32Array(cells);
  }

  /** Continues where a timeline with these arrays and this open step stood. */
  restore(openStep: StepIndex, arrays: TimelineArrays): void {
    this.last.set(arrays.last);
    this.mean.set(arrays.mean);
    this.count.set(arrays.count);
    this.lastOffset.set(arrays.lastOffset);
    this.openStep = openStep;
    this.foldBefore(this.summary, openStep);
  }

  /** Tells the signs the last value of each step: all that is known of them where nothing else was kept. */
  recallSigns(): void {
    for (let step = this.oldestStep; step <= this.openStep; step++) {
      const start = this.origin + step * this.grid.stepMs;
      for (let variable = 0; variable < V; variable++) {
        const cell = this.#cellOf(step, variable);
        if (this.count[cell] > 0)
          this.signs.record(variable, this.last[cell], start + this.lastOffset[cell], start);
      }
    }
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
    this.#put(step, variable, value, observedAt);
    this.signs.record(variable, value, observedAt, this.origin + step * this.grid.stepMs);
  }

  #put(step: StepIndex, variable: number, value: number, observedAt: EpochMs): void {
    const cell = this.#cellOf(step, variable);
    const offset = observedAt - (this.origin + step * this.grid.stepMs);
    const seen = this.count[cell];
    if (seen === 0) {
      this.mean[cell] = value;
      this.last[cell] = value;
      this.lastOffset[cell] = offset;
      this.count[cell] = 1;
      return;
    }
    const count = seen < 65_535 ? seen + 1 : seen;
    this.count[cell] = count;
    this.mean[cell] += (value - this.mean[cell]) / count;
    if (offset >= this.lastOffset[cell]) {
      this.last[cell] = value;
      this.lastOffset[cell] = offset;
    }
  }

  /**
   * Records a laboratory result in its step, which must be in the ring. One that corrects another, or is corrected by one that
   * came before it, stands where the first of them was told, with the value of the newest; nowhere, where that takes it back. Gives
   * the oldest step that changed.
   */
  recordResult(step: StepIndex, result: Result): StepIndex {
    const { results } = this;
    const since = this.#since;
    const index = results.find(result, since);
    if (index < 0) {
      results.add(result, since);
      if (stands(result)) this.record(step, result.variable, result.value, result.observedAt);
      return step;
    }
    const before = results.at(index);
    const from = this.stepOf(results.firstToldAt(index));
    const to = Math.min(from, step);
    const isWhole = this.#isWhole(from, result.variable) && this.#isWhole(to, result.variable);
    results.merge(index, result);
    const after = results.at(index);
    if (isWhole) {
      this.#recordAgain(from, result.variable);
      if (to !== from) this.#recordAgain(to, result.variable);
    } else if (to === from && stands(before) && stands(after)) this.#replace(from, before, after);
    else {
      if (stands(before)) this.#takeBack(from, before);
      if (stands(after)) this.#put(to, after.variable, after.value, after.observedAt);
    }
    if (stands(before) && (before.observedAt !== after.observedAt || !stands(after)))
      this.signs.takeBack(before.variable, before.observedAt);
    const toldAt = this.origin + to * this.grid.stepMs;
    if (stands(after)) this.signs.record(after.variable, after.value, after.observedAt, toldAt);
    return to;
  }

  /** Whether another message has told of the result before. */
  isTold(result: Omit<Result, 'value'>): boolean {
    return this.results.find(result, this.#since) >= 0;
  }

  /** When the oldest step begins. */
  get #since(): EpochMs {
    return this.origin + this.oldestStep * this.grid.stepMs;
  }

  /** Whether all values of a step's variable are laboratory results. */
  #isWhole(step: StepIndex, variable: number): boolean {
    let logged = 0;
    for (const index of this.#resultsOf(step, variable)) if (stands(this.results.at(index))) logged++;
    return this.count[this.#cellOf(step, variable)] === logged;
  }

  #recordAgain(step: StepIndex, variable: number): void {
    this.count[this.#cellOf(step, variable)] = 0;
    for (const index of this.#resultsOf(step, variable)) {
      const result = this.results.at(index);
      if (stands(result)) this.#put(step, variable, result.value, result.observedAt);
    }
  }

  /** Of a step that has other values too: its mean is right but for rounding, its last value where it was the one corrected. */
  #replace(step: StepIndex, before: Result, after: Result): void {
    const cell = this.#cellOf(step, before.variable);
    this.mean[cell] += (after.value - before.value) / this.count[cell];
    if (this.last[cell] !== Math.fround(before.value)) return;
    this.last[cell] = after.value;
    this.lastOffset[cell] = after.observedAt - (this.origin + step * this.grid.stepMs);
  }

  #takeBack(step: StepIndex, { variable, value }: Result): void {
    const cell = this.#cellOf(step, variable);
    const left = this.count[cell] - 1;
    if (left > 0) this.mean[cell] += (this.mean[cell] - value) / left;
    if (left > 0 && this.last[cell] === Math.fround(value)) this.last[cell] = this.mean[cell];
    this.count[cell] = Math.max(0, left);
  }

  #resultsOf(step: StepIndex, variable: number): Generator<number> {
    return this.results.within(variable, this.endOf(step - 1), this.endOf(step));
  }

  #cellOf(step: StepIndex, variable: number): number {
    return (step % this.grid.steps) * V + variable;
  }

  /** Closes the open step and opens the next one, empty. */
  advance(): void {
    const { steps } = this.grid;
    this.openStep++;
    const row = (this.openStep % steps) * V;
    if (this.openStep < steps) {
      this.fold(this.summary, this.openStep - 1);
    } else {
      this.count.fill(0, row, row + V);
      this.notes.forgetBefore(this.oldestStep);
      this.images.forgetBefore(this.oldestStep);
      this.foldBefore(this.summary, this.openStep);
    }
  }

  /** Sets `summary` to the fold of all steps in the ring before `step`. */
  foldBefore(summary: RunningSummary, step: StepIndex): void {
    summary.clear();
    for (let each = this.oldestStep; each < step; each++) this.fold(summary, each);
  }

  /** Calls back for each closed step from `from` on, oldest first, with `summary` as the fold of the steps before it. */
  eachClosed(from: StepIndex, summary: RunningSummary, closed: (step: StepIndex) => void): void {
    this.foldBefore(summary, from);
    for (let step = from; step < this.openStep; step++) {
      closed(step);
      this.fold(summary, step);
    }
  }

  /** Adds one step to `summary`. */
  fold(summary: RunningSummary, step: StepIndex): void {
    const row = (step % this.grid.steps) * V;
    const start = step * this.grid.stepMs;
    for (let variable = 0; variable < V; variable++) {
      const cell = row + variable;
      if (this.count[cell] === 0) continue;
      summary.last[variable] = this.last[cell];
      summary.lastAt[variable] = start + this.lastOffset[cell];
      summary.add(variable, step, this.mean[cell], this.last[cell]);
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
      } else if (this.summary.seen[variable] > 0) {
        values[variable] = this.summary.last[variable];
        ages[variable] = now - this.summary.lastAt[variable];
      } else {
        values[variable] = Number.NaN;
        ages[variable] = Number.NaN;
      }
    }
  }
}
