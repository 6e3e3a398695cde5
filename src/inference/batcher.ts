import type { PatientState } from '../align/patient.js';
import type { RunningSummary, StepIndex } from '../align/timeline.js';
import type { Modality } from '../contract/contributions.js';
import { type Outcomes, outcomesOf } from '../contract/outcomes.js';
import type { EpochMs } from '../events/event.js';
import type { FeatureEncoder } from '../features/encoder.js';
import { AttentionCache } from './attention-cache.js';
import type { DriftCounters } from './drift.js';
import { type ModalityBlock, modalityBlocks } from './occlusion.js';
import type { GraphShape, InferenceRuntime, StepInput, StepOutput } from './runtime.js';
import { type Batch, type OnRun, TokenQueue, type TokenSource } from './token-queue.js';

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

const NOTHING_HIDDEN: ReadonlyMap<Modality, Outcomes> = new Map();
const NOTHING_BEYOND: readonly string[] = [];
const KEEP_NONE: KeepScore = () => false;

/** A score of which rows are still to be run. */
class PendingScore {
  readonly #onScored: OnScored;
  #missing = 0;
  #outcomes: Outcomes | null = null;
  #kept: KeptToken | null = null;
  #without: Map<Modality, Outcomes> | null = null;
  outOfRange: readonly string[] = NOTHING_BEYOND;

  constructor(onScored: OnScored) {
    this.#onScored = onScored;
  }

  /** The row of the score itself; `keep` gives what is kept of it. */
  whole(keep: (outcomes: Outcomes, x: Float32Array, row: number) => KeptToken | null): OnRun {
    return this.#expect((outcomes, x, row) => {
      this.#outcomes = outcomes;
      this.#kept = keep(outcomes, x, row);
    });
  }

  /** A row with a modality hidden. */
  hiding(modality: Modality): OnRun {
    this.#without ??= new Map();
    const without = this.#without;
    return this.#expect((outcomes) => without.set(modality, outcomes));
  }

  #expect(take: OnRun): OnRun {
    this.#missing++;
    return (outcomes, x, row) => {
      take(outcomes, x, row);
      if (--this.#missing > 0) return;
      this.#onScored({
        outcomes: this.#outcomes as Outcomes,
        outOfRange: this.outOfRange,
        without: this.#without ?? NOTHING_HIDDEN,
        kept: this.#kept,
      });
    };
  }
}

/**
 * Scores in batches of the step graph. Rows are encoded at once, because timelines move on while a batch waits. Batches run in order.
 */
export class MicroBatcher {
  readonly #encoder: FeatureEncoder;
  readonly #runtime: InferenceRuntime;
  readonly #shape: GraphShape;
  readonly #drift: DriftCounters | null;
  readonly #modalities: readonly ModalityBlock[];
  readonly #queue: TokenQueue;
  readonly #sources = new WeakMap<PatientState, TokenSource>();
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
    this.#queue = new TokenQueue(maxBatch, encoder.size);
    this.#modalities = modalityBlocks(encoder.featureNames);
    const cells = maxBatch * shape.layers * shape.slots * shape.width;
    this.#k = new Float32Array(cells);
    this.#v = new Float32Array(cells);
    this.#age = new Int32Array(maxBatch * shape.slots);
  }

  /** The attention cache of a patient, up to date where nothing waits to be run. */
  cacheOf(patient: PatientState): AttentionCache {
    return this.#sourceOf(patient).cache;
  }

  /** A step is final: its token joins the patient's cache. */
  close(patient: PatientState, step: StepIndex, summary: RunningSummary): void {
    const { x, offset } = this.#queue.add(this.#sourceOf(patient), step, null);
    this.#encoder.encode(patient, step, patient.timeline.endOf(step), summary, x, offset);
    this.#dispatchFull();
  }

  /**
   * Scores the open step as of `time`; where the patient has notes or images, in further rows also without them.
   * `keeps` chooses scores to come with what the model was given.
   */
  score(patient: PatientState, time: EpochMs, onScored: OnScored, keeps: KeepScore = KEEP_NONE): void {
    const source = this.#sourceOf(patient);
    const { timeline } = patient;
    const step = timeline.openStep;
    const pending = new PendingScore(onScored);
    const keep = (outcomes: Outcomes, rows: Float32Array, row: number) =>
      keeps(outcomes) ? this.#keep(source.cache, rows, row) : null;
    const { x, offset } = this.#queue.add(source, step, pending.whole(keep));
    this.#encoder.encode(patient, step, time, timeline.summary, x, offset);
    if (this.#drift !== null) pending.outOfRange = this.#drift.add(x, offset);
    for (const { modality, from, to, seen } of this.#modalities) {
      if (x[offset + seen] === 0) continue;
      const hidden = this.#queue.add(source, step, pending.hiding(modality));
      hidden.x.set(x.subarray(offset, offset + this.#encoder.size), hidden.offset);
      hidden.x.fill(0, hidden.offset + from, hidden.offset + to);
    }
    this.#dispatchFull();
  }

  /** Runs all that has been added; resolves when every `onScored` has been called. */
  flush(): Promise<void> {
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift())
      this.#dispatch(batch);
    return this.#running.then(() => this.#copies.clear());
  }

  /** Runs rows of one's own between the batches. */
  run(input: StepInput): Promise<StepOutput> {
    const result = this.#running.then(() => this.#runtime.run(input));
    this.#running = result.then(() => undefined);
    this.#running.catch(() => undefined);
    return result;
  }

  #sourceOf(patient: PatientState): TokenSource {
    let source = this.#sources.get(patient);
    if (source === undefined) {
      source = { cache: new AttentionCache(this.#shape), earliest: 0 };
      this.#sources.set(patient, source);
    }
    return source;
  }

  #dispatchFull(): void {
    while (this.#queue.isFull) this.#dispatch(this.#queue.shift() as Batch);
  }

  #dispatch(batch: Batch): void {
    this.#running = this.#running.then(() => this.#run(batch));
    // A failed run is reported by flush(); until then it must not count as unhandled.
    this.#running.catch(() => undefined);
  }

  async #run(batch: Batch): Promise<void> {
    const { x, tokens } = batch;
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
    this.#queue.giveBack(batch);
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
