/** What a model can predict, in the words of config.json: death in hospital, and onset within 8 h. */
export const MODEL_OUTPUTS = ['mortality', 'circulatory', 'respiratory', 'deterioration'] as const;
export type ModelOutput = (typeof MODEL_OUTPUTS)[number];

/** Calibrated probabilities of one moment, 0 to 1; null where the model has no such output. */
export interface Outcomes {
  /** Death in hospital. */
  readonly mortality: number;
  /** Onset of circulatory failure within 8 h. */
  readonly circulatory: number | null;
  /** Onset of respiratory failure within 8 h. */
  readonly respiratory: number | null;
  /** Onset of either within 8 h. */
  readonly deterioration: number | null;
}

export const NO_OUTCOMES: Outcomes = {
  mortality: 0,
  circulatory: null,
  respiratory: null,
  deterioration: null,
};

/** Row `row` of a batch's logits, shape [rows, outputs], as probabilities. */
export function outcomesOf(logit: Float32Array, row: number, outputs: readonly ModelOutput[]): Outcomes {
  const outcomes: { -readonly [Name in keyof Outcomes]: Outcomes[Name] } = { ...NO_OUTCOMES };
  for (let index = 0; index < outputs.length; index++) {
    outcomes[outputs[index]] = 1 / (1 + Math.exp(-logit[row * outputs.length + index]));
  }
  return outcomes;
}
