import { CLIP } from '../clinical/standardise.js';
import { VARIABLES } from '../clinical/variables.js';
import type { Model } from './model.js';

/** How the values of one variable that the model is given compare with those it was trained on. Counters, since the start. */
export interface VariableDrift {
  /** Of the clinical vocabulary. */
  readonly variable: string;
  /** Scores of a patient with the variable. */
  readonly scores: number;
  /** Those with its last value beyond the training range, 5 standard deviations, where it is clamped. */
  readonly clamped: number;
  /** Sum of the standardised last values: divided by `scores`, 0 on data like those of training. */
  readonly sumZ: number;
}

const NONE: readonly string[] = [];

/** Counts, score by score, how far the input is from the training data. */
export class DriftCounters {
  readonly #ids: readonly string[];
  /** Columns of a row: the standardised last value, and whether there is one. */
  readonly #last: Int32Array;
  readonly #seen: Int32Array;
  readonly #scores: Float64Array;
  readonly #clamped: Float64Array;
  readonly #sumZ: Float64Array;

  constructor({ config, encoder }: Pick<Model, 'config' | 'encoder'>) {
    this.#ids = config.encoder.variables.map(({ id }) => id);
    const column = (name: string) =>
      Int32Array.from(this.#ids, (id) => encoder.featureNames.indexOf(`${id}.${name}`));
    this.#last = column('last');
    this.#seen = column('seen');
    this.#scores = new Float64Array(this.#ids.length);
    this.#clamped = new Float64Array(this.#ids.length);
    this.#sumZ = new Float64Array(this.#ids.length);
  }

  /** Counts the row at `offset`; returns the variables beyond the training range. */
  add(x: Float32Array, offset: number): readonly string[] {
    let beyond: string[] | null = null;
    for (let index = 0; index < this.#ids.length; index++) {
      if (x[offset + this.#seen[index]] === 0) continue;
      const z = x[offset + this.#last[index]];
      this.#scores[index]++;
      this.#sumZ[index] += z;
      if (Math.abs(z) < CLIP) continue;
      this.#clamped[index]++;
      beyond ??= [];
      beyond.push(this.#ids[index]);
    }
    return beyond ?? NONE;
  }

  /** By variable, in the order of the vocabulary. */
  counts(): VariableDrift[] {
    return VARIABLES.flatMap(({ id }) => {
      const index = this.#ids.indexOf(id);
      if (index < 0) return [];
      const [scores, clamped, sumZ] = [this.#scores, this.#clamped, this.#sumZ].map(
        (counts) => counts[index],
      );
      return [{ variable: id, scores, clamped, sumZ }];
    });
  }
}
