import { z } from 'zod';
import type { NewestDocuments } from '../align/documents.js';
import type { PatientState } from '../align/patient.js';
import { type PatientTimeline, RunningSummary, type StepIndex } from '../align/timeline.js';
import { bendOf } from '../clinical/monotone.js';
import { CLIP, scalingSchema } from '../clinical/standardise.js';
import { VARIABLE_COUNT, variableIndex } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';
import { dequantise } from '../events/encoding.js';
import type { EpochMs } from '../events/event.js';
import { DERIVED_NAMES, encodeDerived } from './derived.js';
import { EXTENDED_NAMES, encodeExtended } from './extended.js';

/** An embedding in the model's input. */
const modalitySchema = z.object({
  /** Floats of an embedding. */
  size: z.number().int().positive(),
  /** Name of the encoder the model was trained with, as `wardstream doctor` shows it; another one is refused. */
  encoder: z.string().optional(),
  /** Whether the model does without it where its encoder is off or its packages are not installed. */
  optional: z.boolean().optional(),
});

/** The part of a model's config.json that fixes its input. */
export const encoderConfigSchema = z.object({
  variables: z.array(scalingSchema).min(1),
  /** Whether quantities derived from several variables follow (src/features/derived.ts). */
  derived: z.boolean().default(false),
  /** Whether averages that are bent follow, and what else a model of many cohorts takes (src/features/extended.ts). */
  extended: z.boolean().default(false),
  /** What the model takes besides measurements. */
  modalities: z.object({ text: modalitySchema.optional(), image: modalitySchema.optional() }).optional(),
});
export type Modality = z.infer<typeof modalitySchema>;
export type Modalities = NonNullable<z.infer<typeof encoderConfigSchema>['modalities']>;
export type EncoderConfig = z.input<typeof encoderConfigSchema>;

/** What a summary can count: 16 bits. */
const MAX_SEEN = 65_535;

const PER_VARIABLE = [
  'last',
  'mean',
  'count',
  'age',
  'seen',
  'windowMean',
  'windowSd',
  'windowMin',
  'windowMax',
  'windowSteps',
  'first',
  'recent',
] as const;
const P = PER_VARIABLE.length;
/** Of a variable of which low and high values are bad, of the steps' last values: the averages of what is below, and of what is above the middle of normal. */
const PER_BENT = ['least', 'greatest', 'underMean', 'overMean', 'underRecent', 'overRecent'] as const;

const UNIT_TYPES = ['CORONARY_CARE', 'CARDIAC_SURGERY', 'MEDICAL', 'SURGICAL'] as const;
const STATIC_NAMES = [
  'static.age',
  'static.ageKnown',
  'static.sexMale',
  'static.sexKnown',
  'static.height',
  'static.heightKnown',
  ...UNIT_TYPES.map((type) => `static.unit.${type}`),
  'time.elapsed',
];
/** Centre and spread of the statics: age in years, height in cm. Of set A, rounded. */
const AGE = { center: 64, scale: 17 };
const HEIGHT = { center: 170, scale: 12 };

/**
 * The ONE definition of the model's input, for serving and for training.
 * Per variable, of one step: last known value, the step's mean and count (one or more), the age of the last value,
 * whether it was ever seen; and over the means of the steps kept: mean, spread, least, greatest, number, first, and the
 * mean that forgets. None of them grows with the density of the feed. Unknown is 0 beside a `seen` of 0. Last, where the
 * model takes them, the newest note's and the newest image's embedding with its age and whether there is one.
 */
export class FeatureEncoder {
  readonly featureNames: readonly string[];
  /** Floats in one row. */
  readonly size: number;
  readonly #indices: Int32Array;
  readonly #isLog: Uint8Array;
  readonly #center: Float64Array;
  readonly #scale: Float64Array;
  readonly #derived: boolean;
  readonly #extended: boolean;
  /** Places, among the model's variables, of those that bend. */
  readonly #bent: readonly number[];
  /** Sizes of the embeddings; 0 where the model takes none. */
  readonly #textSize: number;
  readonly #imageSize: number;
  /** The summary with the open step added, of the model's variables; the others count as never seen. */
  readonly #window = new RunningSummary();
  /** The `windowSteps` feature by number of steps. */
  readonly #logSeen = Float64Array.from({ length: MAX_SEEN + 1 }, (_, seen) => Math.log1p(seen) / 4);
  #logOf = 0;
  #logIs = 0;

  /** @throws Error where a variable is not in the clinical vocabulary. */
  constructor(config: EncoderConfig) {
    const { variables, derived = false, extended = false, modalities } = config;
    this.#bent = variables.flatMap(({ id }, place) => (extended && !Number.isNaN(bendOf(id)) ? [place] : []));
    this.featureNames = [
      ...variables.flatMap(({ id }) => PER_VARIABLE.map((name) => `${id}.${name}`)),
      ...STATIC_NAMES,
      ...(derived ? DERIVED_NAMES : []),
      ...this.#bent.flatMap((place) => PER_BENT.map((name) => `${variables[place].id}.${name}`)),
      ...(extended ? EXTENDED_NAMES : []),
      ...modalityNames('text', modalities?.text),
      ...modalityNames('image', modalities?.image),
    ];
    this.#textSize = modalities?.text?.size ?? 0;
    this.#imageSize = modalities?.image?.size ?? 0;
    this.size = this.featureNames.length;
    this.#derived = derived;
    this.#extended = extended;
    this.#indices = Int32Array.from(variables, ({ id }) => variableIndex(id));
    this.#isLog = Uint8Array.from(variables, ({ transform }) => Number(transform === 'log'));
    this.#center = Float64Array.from(variables, ({ center }) => center);
    this.#scale = Float64Array.from(variables, ({ scale }) => scale);
  }

  /**
   * Writes the row of `step` as known at `asOf` into `out` at `offset`. `summary` folds the steps before it.
   * Row shape [features].
   */
  encode(
    patient: PatientState,
    step: StepIndex,
    asOf: EpochMs,
    summary: RunningSummary,
    out: Float32Array,
    offset: number,
  ): void {
    const { timeline } = patient;
    const elapsed = asOf - timeline.origin;
    let at = offset;
    for (let index = 0; index < this.#indices.length; index++, at += P) {
      this.#encodeVariable(timeline, step, elapsed, summary, index, out, at);
    }
    at = this.#encodeStatics(patient, elapsed, out, at);
    if (this.#derived) {
      const { steps, stepMs } = timeline.grid;
      const hours = Math.min(elapsed, steps * stepMs) / HOUR_MS;
      encodeDerived(this.#window, hours, CLIP, out, at);
      at += DERIVED_NAMES.length;
    }
    if (this.#extended) {
      at = this.#encodeBent(out, at);
      encodeExtended(this.#window, elapsed, out, at);
      at += EXTENDED_NAMES.length;
    }
    at = encodeDocument(timeline.notes, this.#textSize, step, asOf, out, at);
    encodeDocument(timeline.images, this.#imageSize, step, asOf, out, at);
  }

  #encodeVariable(
    timeline: PatientTimeline,
    step: StepIndex,
    elapsed: number,
    summary: RunningSummary,
    index: number,
    out: Float32Array,
    at: number,
  ): void {
    const { grid } = timeline;
    const variable = this.#indices[index];
    const cell = (step % grid.steps) * VARIABLE_COUNT + variable;
    const inStep = timeline.count[cell];
    const before = summary.seen[variable];
    const window = this.#window;
    if (inStep === 0 && before === 0) {
      window.seen[variable] = 0;
      out.fill(0, at, at + P);
      return;
    }
    window.copy(summary, variable, variable);
    const isNow = inStep > 0;
    const mean = timeline.mean[cell];
    if (isNow) {
      window.add(variable, step, mean, timeline.last[cell]);
      window.last[variable] = timeline.last[cell];
      window.lastAt[variable] = step * grid.stepMs + timeline.lastOffset[cell];
    }
    out[at] = this.#standardise(index, window.last[variable]);
    out[at + 1] = isNow ? this.#standardise(index, mean) : 0;
    out[at + 2] = Math.min(2, inStep) / 2;
    out[at + 3] = Math.log1p(Math.max(0, elapsed - window.lastAt[variable]) / HOUR_MS) / 4;
    out[at + 4] = 1;
    out[at + 5] = this.#standardise(index, window.mean[variable]);
    out[at + 6] = this.#spread(index, variable);
    out[at + 7] = this.#standardise(index, window.min[variable]);
    out[at + 8] = this.#standardise(index, window.max[variable]);
    out[at + 9] = this.#logSeen[window.seen[variable]];
    out[at + 10] = this.#standardise(index, window.first[variable]);
    out[at + 11] = this.#standardise(index, window.recent[variable]);
  }

  #encodeBent(out: Float32Array, start: number): number {
    let at = start;
    for (const place of this.#bent) {
      const variable = this.#indices[place];
      const known = this.#window.seen[variable] > 0;
      for (const name of PER_BENT)
        out[at++] = known ? this.#standardise(place, this.#window[name][variable]) : 0;
    }
    return at;
  }

  /** Standard deviation of the step means, in the units of the standardised value; of a logarithm, to first order. */
  #spread(index: number, variable: number): number {
    const { squares, seen, mean } = this.#window;
    const deviation = Math.sqrt(squares[variable] / seen[variable]);
    const slope = this.#isLog[index] === 1 ? 1 / (1 + Math.max(0, mean[variable])) : 1;
    return Math.min(CLIP, (deviation * slope) / this.#scale[index]);
  }

  #standardise(index: number, value: number): number {
    const transformed = this.#isLog[index] === 1 ? this.#log(value) : value;
    const z = (transformed - this.#center[index]) / this.#scale[index];
    return Math.max(-CLIP, Math.min(CLIP, z));
  }

  /** ln(1 + value). Of a variable charted once or twice most of its features are of the same value: asked in a row. */
  #log(value: number): number {
    if (value !== this.#logOf) {
      this.#logOf = value;
      this.#logIs = Math.log1p(Math.max(0, value));
    }
    return this.#logIs;
  }

  #encodeStatics(patient: PatientState, elapsed: number, out: Float32Array, start: number): number {
    const { ageYears, sex, heightCm, unitType } = patient.demographics;
    let at = start;
    out[at++] = ageYears === null ? 0 : (ageYears - AGE.center) / AGE.scale;
    out[at++] = ageYears === null ? 0 : 1;
    out[at++] = sex === 'MALE' ? 1 : 0;
    out[at++] = sex === null ? 0 : 1;
    out[at++] = heightCm === null ? 0 : (heightCm - HEIGHT.center) / HEIGHT.scale;
    out[at++] = heightCm === null ? 0 : 1;
    for (const type of UNIT_TYPES) out[at++] = unitType === type ? 1 : 0;
    out[at++] = Math.min(1, elapsed / (patient.timeline.grid.steps * patient.timeline.grid.stepMs));
    return at;
  }
}

function modalityNames(name: string, modality: Modality | undefined): string[] {
  if (modality === undefined) return [];
  const embedding = Array.from({ length: modality.size }, (_, index) => `${name}.${index}`);
  return [...embedding, `${name}.age`, `${name}.seen`];
}

/** Writes the newest document as of a step at `start`, all 0 where there is none; gives the place behind it. */
function encodeDocument(
  documents: NewestDocuments,
  size: number,
  step: StepIndex,
  asOf: EpochMs,
  out: Float32Array,
  start: number,
): number {
  if (size === 0) return start;
  const end = start + size + 2;
  const newest = documents.newest(step);
  if (newest === null) {
    out.fill(0, start, end);
    return end;
  }
  dequantise(newest.embedding, out, start);
  out[end - 2] = Math.log1p(Math.max(0, asOf - newest.eventTime) / HOUR_MS) / 4;
  out[end - 1] = 1;
  return end;
}
