/** Kinds of input beside the structured one, as the first part of their features' names. */
export const MODALITIES = ['text', 'image'] as const;

export type Modality = (typeof MODALITIES)[number];

/**
 * What each modality adds to the risk of death; they add up: base + structured + text + image = mortality. Text and image are what
 * it loses when the newest of them counts as never seen; null where there is none.
 */
export interface Contributions {
  /** Of a patient of whom nothing is known. */
  readonly base: number;
  readonly structured: number;
  readonly text: number | null;
  readonly image: number | null;
}

export const NO_CONTRIBUTIONS: Contributions = { base: 0, structured: 0, text: null, image: null };
