import { VARIABLES } from '../clinical/variables.js';
import type { EncoderConfig } from '../features/encoder.js';

/** Variables whose values span orders of magnitude: standardised on a logarithmic scale. */
const LOGARITHMIC = new Set([
  'urine',
  'pao2',
  'lactate',
  'glucose',
  'bun',
  'creatinine',
  'bilirubin',
  'alp',
  'alt',
  'ast',
  'wbc',
  'platelets',
  'inr',
  'crp',
  'troponinT',
  'troponinI',
]);

/** A variable seen less often than this in the training data is left out of the model's input. */
const MIN_OBSERVATIONS = 100;

/** Mean and spread of every variable over a cohort, in one pass (Welford 1962). */
export class ScalingFit {
  readonly #count = new Float64Array(VARIABLES.length);
  readonly #mean = new Float64Array(VARIABLES.length);
  readonly #squares = new Float64Array(VARIABLES.length);

  add(variable: number, value: number): void {
    const x = LOGARITHMIC.has(VARIABLES[variable].id) ? Math.log1p(Math.max(0, value)) : value;
    const count = ++this.#count[variable];
    const delta = x - this.#mean[variable];
    this.#mean[variable] += delta / count;
    this.#squares[variable] += delta * (x - this.#mean[variable]);
  }

  /** The encoder of the variables seen. A variable that never varies gets scale 1. */
  config(): EncoderConfig {
    const variables = VARIABLES.flatMap(({ id }, index) => {
      const count = this.#count[index];
      if (count < MIN_OBSERVATIONS) return [];
      const deviation = Math.sqrt(this.#squares[index] / count);
      const transform = LOGARITHMIC.has(id) ? ('log' as const) : ('linear' as const);
      return [
        { id, transform, center: round(this.#mean[index]), scale: deviation > 1e-6 ? round(deviation) : 1 },
      ];
    });
    return { variables };
  }
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
