import type { Contributions, Modality } from '../contract/contributions.js';
import { type Outcomes, outcomesOf } from '../contract/outcomes.js';
import type { KeptToken } from './batcher.js';
import type { Model } from './model.js';
import {
  contributionsOf,
  type ModalityBlock,
  modalityBlocks,
  unknownRow,
  type VariableBlock,
  variableBlocks,
} from './occlusion.js';
import type { GraphShape, StepInput, StepOutput } from './runtime.js';

/** What the model predicts, by the name it has in a score. */
export type OutcomeName = keyof Outcomes;

/** How much one variable moves an outcome. */
export interface VariableEffect {
  /** Of the clinical vocabulary. */
  readonly variable: number;
  /** The outcome's probability less what it is when the variable counts as never seen: positive raises it. */
  readonly effect: number;
}

/** Why an outcome is what it is. */
export interface Reasons {
  readonly outcomes: Outcomes;
  readonly contributions: Contributions;
  /** Of `outcome`, most moving first; variables never seen have none. */
  readonly variables: readonly VariableEffect[];
}

/** Runs rows of one's own on the model. */
export type RunRows = (input: StepInput) => Promise<StepOutput>;

/** The outcomes of a patient of whom nothing is known. */
export async function baseOutcomes({ config, encoder, shape }: Model, run: RunRows): Promise<Outcomes> {
  const { layers, slots, width, outputs } = shape;
  const cache = new Float32Array(layers * slots * width);
  const age = new Int32Array(slots).fill(slots);
  const { logit } = await run({ rows: 1, x: unknownRow(encoder, config), k: cache, v: cache, age });
  return outcomesOf(logit, 0, outputs);
}

/**
 * Explains a score by batched occlusion: the row that was scored runs again with the same cache, once for each variable
 * that the patient has and once for each modality, with its columns as if it had never been seen. What an outcome loses
 * without it is its effect (Zeiler & Fergus 2014, on columns instead of pixels). The past stays in the cache: an effect is
 * that of the variable as known now. Effects of variables that tell the same do not add up.
 */
export class Explainer {
  readonly #shape: GraphShape;
  readonly #unknown: Float32Array;
  readonly #modalities: readonly ModalityBlock[];
  readonly #variables: readonly VariableBlock[];
  readonly #run: RunRows;
  /** The outcomes of a patient of whom nothing is known. */
  readonly base: Outcomes;

  /** @param base What `baseOutcomes` gives. */
  constructor(model: Model, run: RunRows, base: Outcomes) {
    this.#shape = model.shape;
    this.#unknown = unknownRow(model.encoder, model.config);
    this.#modalities = modalityBlocks(model.encoder.featureNames);
    this.#variables = variableBlocks(model);
    this.#run = run;
    this.base = base;
  }

  /** Why the model gave what it gave for a row. Deterministic: the same row, the same reasons. */
  async explain(kept: KeptToken, outcome: OutcomeName): Promise<Reasons> {
    const { x } = kept;
    const modalities = this.#modalities.filter(({ seen }) => x[seen] !== 0);
    const variables = this.#variables.filter(({ seen }) => x[seen] !== 0);
    const rows = [
      x,
      ...modalities.map(({ from, to }) => x.slice().fill(0, from, to)),
      ...variables.map(({ columns }) => this.#without(x, columns)),
    ];
    const [outcomes, ...hidden] = await this.#outcomes(rows.map((row) => ({ ...kept, x: row })));
    const without = new Map<Modality, Outcomes>(
      modalities.map(({ modality }, index) => [modality, hidden[index]]),
    );
    const value = outcomes[outcome];
    const effects = variables.flatMap(({ variable }, index) => {
      const other = hidden[modalities.length + index][outcome];
      return value === null || other === null ? [] : { variable, effect: value - other };
    });
    return {
      outcomes,
      contributions: contributionsOf(outcomes.mortality, without, this.base.mortality),
      variables: effects.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || a.variable - b.variable),
    };
  }

  #without(x: Float32Array, columns: Int32Array): Float32Array {
    const row = x.slice();
    for (const column of columns) row[column] = this.#unknown[column];
    return row;
  }

  async #outcomes(tokens: readonly KeptToken[]): Promise<Outcomes[]> {
    const { features, layers, slots, width, outputs } = this.#shape;
    const rows = tokens.length;
    const cells = layers * slots * width;
    const input = {
      rows,
      x: new Float32Array(rows * features),
      k: new Float32Array(rows * cells),
      v: new Float32Array(rows * cells),
      age: new Int32Array(rows * slots),
    };
    tokens.forEach(({ x, k, v, age }, row) => {
      input.x.set(x, row * features);
      input.k.set(k, row * cells);
      input.v.set(v, row * cells);
      input.age.set(age, row * slots);
    });
    const { logit } = await this.#run(input);
    return tokens.map((_, row) => outcomesOf(logit, row, outputs));
  }
}
