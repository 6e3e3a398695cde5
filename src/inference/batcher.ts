import type { PatientState } from '../align/patient.js';
import type { Carry, StepIndex } from '../align/timeline.js';
import type { EpochMs } from '../events/event.js';
import type { FeatureEncoder } from '../features/encoder.js';
import { AttentionCache } from './fusion.js';
import { type Outcomes, outcomesOf } from './outcomes.js';
import type { GraphShape, InferenceRuntime } from './runtime.js';

/** A score asked for: called with its probabilities once its batch has run. */
export type OnScored = (outcomes: Outcomes) => void;

interface Token {
  readonly cache: AttentionCache;
  readonly step: StepIndex;
  /** Null for the closing token of a step, whose keys and values are appended. */
  readonly onScored: OnScored | null;
}

interface Batch {
  readonly x: Float32Array;
  readonly tokens: Token[];
}

interface Lane {
  readonly cache: AttentionCache;
  /** First batch (by number) that may hold the patient's next token. */
  earliest: number;
}

/** Row buffers kept for the next batches: a burst opens many, at a quarter of a megabyte each. */
const MAX_FREE = 4;

/**
 * Collects tokens of many patients into batches for the step graph. A token that follows a closing token of the same
 * patient goes into a later batch, since it attends to what the closing token appends; so several batches are open at
 * once. Rows are encoded at once, because timelines move on while a batch waits. Batches run in order.
 */
export class MicroBatcher {
  readonly #encoder: FeatureEncoder;
  readonly #runtime: InferenceRuntime;
  readonly #shape: GraphShape;
  readonly #maxBatch: number;
  readonly #open: Batch[] = [];
  readonly #free: Float32Array[] = [];
  /** Number of the first open batch. */
  #head = 0;
  #lanes = new WeakMap<PatientState, Lane>();
  #running: Promise<void> = Promise.resolve();
  readonly #k: Float32Array;
  readonly #v: Float32Array;
  readonly #age: Int32Array;
  /** Tokens run so far. */
  tokens = 0;
  /** Batches run so far. */
  batches = 0;

  constructor(encoder: FeatureEncoder, runtime: InferenceRuntime, shape: GraphShape, maxBatch: number) {
    this.#encoder = encoder;
    this.#runtime = runtime;
    this.#shape = shape;
    this.#maxBatch = maxBatch;
    const cells = maxBatch * shape.layers * shape.slots * shape.width;
    this.#k = new Float32Array(cells);
    this.#v = new Float32Array(cells);
    this.#age = new Int32Array(maxBatch * shape.slots);
  }

  /** The attention cache of a patient, up to date where nothing waits to be run. */
  cacheOf(patient: PatientState): AttentionCache {
    return this.#laneOf(patient).cache;
  }

  /** A step is final: its token joins the patient's cache. */
  close(patient: PatientState, step: StepIndex, carry: Carry): void {
    this.#add(patient, step, patient.timeline.endOf(step), carry, null);
  }

  /** Scores the open step as of `time`. */
  score(patient: PatientState, time: EpochMs, onScored: OnScored): void {
    const { timeline } = patient;
    this.#add(patient, timeline.openStep, time, timeline.carry, onScored);
  }

  /** Runs all that has been added; resolves when every `onScored` has been called. */
  flush(): Promise<void> {
    while (this.#open.length > 0) this.#dispatchFirst();
    return this.#running;
  }

  #add(patient: PatientState, step: StepIndex, asOf: EpochMs, carry: Carry, onScored: OnScored | null): void {
    const lane = this.#laneOf(patient);
    let number = Math.max(lane.earliest, this.#head);
    while (this.#batch(number).tokens.length >= this.#maxBatch) number++;
    const { x, tokens } = this.#batch(number);
    this.#encoder.encode(patient, step, asOf, carry, x, tokens.length * this.#encoder.size);
    tokens.push({ cache: lane.cache, step, onScored });
    lane.earliest = onScored === null ? number + 1 : number;
    while (this.#open.length > 0 && this.#open[0].tokens.length >= this.#maxBatch) this.#dispatchFirst();
  }

  #laneOf(patient: PatientState): Lane {
    let lane = this.#lanes.get(patient);
    if (lane === undefined) {
      lane = { cache: new AttentionCache(this.#shape), earliest: 0 };
      this.#lanes.set(patient, lane);
    }
    return lane;
  }

  /** The open batch of that number, made if it is not there yet. */
  #batch(number: number): Batch {
    while (this.#head + this.#open.length <= number) {
      const x = this.#free.pop() ?? new Float32Array(this.#maxBatch * this.#encoder.size);
      this.#open.push({ x, tokens: [] });
    }
    return this.#open[number - this.#head];
  }

  #dispatchFirst(): void {
    const batch = this.#open.shift()!;
    this.#head++;
    this.#running = this.#running.then(() => this.#run(batch));
    // A failed run is reported by flush(); until then it must not count as unhandled.
    this.#running.catch(() => undefined);
  }

  async #run({ x, tokens }: Batch): Promise<void> {
    const rows = tokens.length;
    if (rows > 0) {
      const { layers, slots, width, outputs } = this.#shape;
      const cells = layers * slots * width;
      tokens.forEach(({ cache, step }, row) => {
        this.#k.set(cache.k, row * cells);
        this.#v.set(cache.v, row * cells);
        cache.writeAges(step, this.#age, row * slots);
      });
      const output = await this.#runtime.run({ rows, x, k: this.#k, v: this.#v, age: this.#age });
      tokens.forEach(({ cache, step, onScored }, row) => {
        if (onScored === null) cache.append(step, output.newK, output.newV, row);
        else onScored(outcomesOf(output.logit, row, outputs));
      });
      this.tokens += rows;
      this.batches++;
    }
    if (this.#free.length < MAX_FREE) this.#free.push(x);
  }
}
