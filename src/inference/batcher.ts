import type { PatientState } from '../align/patient.js';
import type { Carry, StepIndex } from '../align/timeline.js';
import type { Modality } from '../contract/contributions.js';
import { type Outcomes, outcomesOf } from '../contract/outcomes.js';
import type { EpochMs } from '../events/event.js';
import type { FeatureEncoder } from '../features/encoder.js';
import type { DriftCounters } from './drift.js';
import { AttentionCache } from './fusion.js';
import { type ModalityBlock, modalityBlocks } from './occlusion.js';
import type { GraphShape, InferenceRuntime, StepInput, StepOutput } from './runtime.js';

/** What the model was given for one score: one row of `StepInput`, to run it again with something changed. */
export type KeptToken = Omit<StepInput, 'rows'>;

type CacheCopy = Pick<StepInput, 'k' | 'v'>;

/** A score, once its batch has run. */
export interface Scored {
  readonly outcomes: Outcomes;
  /** Variables beyond the training range; none where drift is not counted. */
  readonly outOfRange: readonly string[];
  /** Outcomes with one modality hidden each, of those the patient has. */
  readonly without: ReadonlyMap<Modality, Outcomes>;
  /** What the model was given, where that was asked for. */
  readonly kept: KeptToken | null;
}
export type OnScored = (scored: Scored) => void;
/** Which scores are to be kept with what the model was given. */
export type KeepScore = (outcomes: Outcomes) => boolean;

/** A row's outcomes, and its place in the input of its batch. */
type OnRun = (outcomes: Outcomes, x: Float32Array, row: number) => void;

interface Token {
  readonly cache: AttentionCache;
  readonly step: StepIndex;
  /** Null for the closing token of a step, whose keys and values are appended. */
  readonly onRun: OnRun | null;
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
const NOTHING_HIDDEN: ReadonlyMap<Modality, Outcomes> = new Map();
const NOTHING_BEYOND: readonly string[] = [];
const KEEP_NONE: KeepScore = () => false;

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
  readonly #drift: DriftCounters | null;
  readonly #modalities: readonly ModalityBlock[];
  readonly #open: Batch[] = [];
  readonly #free: Float32Array[] = [];
  /** Number of the first open batch. */
  #head = 0;
  #lanes = new WeakMap<PatientState, Lane>();
  #running: Promise<void> = Promise.resolve();
  readonly #k: Float32Array;
  readonly #v: Float32Array;
  readonly #age: Int32Array;
  /** Caches as they are now, for the scores that are kept until the next flush. */
  readonly #copies = new Map<AttentionCache, CacheCopy>();
  /** Tokens run so far. */
  tokens = 0;
  /** Batches run so far. */
  batches = 0;

  constructor(
    encoder: FeatureEncoder,
    runtime: InferenceRuntime,
    shape: GraphShape,
    maxBatch: number,
    drift: DriftCounters | null = null,
  ) {
    this.#drift = drift;
    this.#encoder = encoder;
    this.#runtime = runtime;
    this.#shape = shape;
    this.#maxBatch = maxBatch;
    this.#modalities = modalityBlocks(encoder.featureNames);
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
    const lane = this.#laneOf(patient);
    const { x, offset } = this.#add(lane, step, null);
    this.#encoder.encode(patient, step, patient.timeline.endOf(step), carry, x, offset);
    this.#dispatchFull();
  }

  /**
   * Scores the open step as of `time`; where the patient has notes or images, in further rows also without them.
   * `keeps` chooses scores to come with what the model was given.
   */
  score(patient: PatientState, time: EpochMs, onScored: OnScored, keeps: KeepScore = KEEP_NONE): void {
    const lane = this.#laneOf(patient);
    const { timeline } = patient;
    const step = timeline.openStep;
    const scored = {
      outcomes: null as Outcomes | null,
      kept: null as KeptToken | null,
      without: NOTHING_HIDDEN as Map<Modality, Outcomes>,
      outOfRange: NOTHING_BEYOND,
    };
    let missing = 1;
    const settle = () => {
      if (--missing === 0) onScored(scored as Scored);
    };
    const { x, offset } = this.#add(lane, step, (outcomes, rows, row) => {
      scored.outcomes = outcomes;
      if (keeps(outcomes)) scored.kept = this.#keep(lane.cache, rows, row);
      settle();
    });
    this.#encoder.encode(patient, step, time, timeline.carry, x, offset);
    if (this.#drift !== null) scored.outOfRange = this.#drift.add(x, offset);
    for (const { modality, from, to, seen } of this.#modalities) {
      if (x[offset + seen] === 0) continue;
      if (missing++ === 1) scored.without = new Map();
      const hidden = this.#add(lane, step, (outcomes) => {
        scored.without.set(modality, outcomes);
        settle();
      });
      hidden.x.set(x.subarray(offset, offset + this.#encoder.size), hidden.offset);
      hidden.x.fill(0, hidden.offset + from, hidden.offset + to);
    }
    this.#dispatchFull();
  }

  /** Runs all that has been added; resolves when every `onScored` has been called. */
  flush(): Promise<void> {
    while (this.#open.length > 0) this.#dispatchFirst();
    return this.#running.then(() => this.#copies.clear());
  }

  /** Runs rows of one's own between the batches. */
  run(input: StepInput): Promise<StepOutput> {
    const result = this.#running.then(() => this.#runtime.run(input));
    this.#running = result.then(() => undefined);
    this.#running.catch(() => undefined);
    return result;
  }

  /** Takes the next place for a row of the patient, not before their rows so far; the caller writes it there. */
  #add(
    lane: Lane,
    step: StepIndex,
    onRun: OnRun | null,
  ): { readonly x: Float32Array; readonly offset: number } {
    let number = Math.max(lane.earliest, this.#head);
    while (this.#batch(number).tokens.length >= this.#maxBatch) number++;
    const { x, tokens } = this.#batch(number);
    const offset = tokens.length * this.#encoder.size;
    tokens.push({ cache: lane.cache, step, onRun });
    lane.earliest = onRun === null ? number + 1 : number;
    return { x, offset };
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

  #dispatchFull(): void {
    while (this.#open.length > 0 && this.#open[0].tokens.length >= this.#maxBatch) this.#dispatchFirst();
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
      tokens.forEach(({ cache, step, onRun }, row) => {
        if (onRun === null) {
          cache.append(step, output.newK, output.newV, row);
          this.#copies.delete(cache);
        } else onRun(outcomesOf(output.logit, row, outputs), x, row);
      });
      this.tokens += rows;
      this.batches++;
    }
    if (this.#free.length < MAX_FREE) this.#free.push(x);
  }

  #keep(cache: AttentionCache, x: Float32Array, row: number): KeptToken {
    const { size } = this.#encoder;
    const { slots } = this.#shape;
    let copy = this.#copies.get(cache);
    if (copy === undefined) {
      copy = { k: cache.k.slice(), v: cache.v.slice() };
      this.#copies.set(cache, copy);
    }
    return {
      x: x.slice(row * size, (row + 1) * size),
      ...copy,
      age: this.#age.slice(row * slots, (row + 1) * slots),
    };
  }
}
