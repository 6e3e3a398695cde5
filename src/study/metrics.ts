import { type Ranking, totals, type Weights } from './ranking.js';

/** Areas under both curves. */
export interface Areas {
  /** See `auroc`. */
  readonly auroc: number;
  /** See `auprc`. */
  readonly auprc: number;
}

/** Both areas in one pass, since a bootstrap asks for them a thousand times. */
export function areas({ size, scores, outcomes, subjects }: Ranking, weights?: Weights): Areas {
  let above = 0;
  let below = 0;
  let area = 0;
  let sum = 0;
  for (let row = 0; row < size; ) {
    const score = scores[row];
    let positives = 0;
    let negatives = 0;
    for (; row < size && scores[row] === score; row++) {
      const weight = weights === undefined ? 1 : weights[subjects[row]];
      if (outcomes[row] === 1) positives += weight;
      else negatives += weight;
    }
    area += negatives * (above + positives / 2);
    above += positives;
    below += negatives;
    if (positives > 0) sum += (positives * above) / (above + below);
  }
  return {
    auroc: above === 0 || below === 0 ? Number.NaN : area / (above * below),
    auprc: above === 0 ? Number.NaN : sum / above,
  };
}

/**
 * Area under the ROC curve: the chance that a subject with the outcome scores higher than one without, ties counting
 * half (Hanley & McNeil, Radiology 1982;143:29-36). NaN where a class is empty.
 */
export function auroc(ranking: Ranking, weights?: Weights): number {
  return areas(ranking, weights).auroc;
}

/**
 * Area under the precision-recall curve as average precision, Σ (Rₙ − Rₙ₋₁) Pₙ over distinct scores: scikit-learn's
 * `average_precision_score`, with no interpolation. NaN where nobody has the outcome.
 */
export function auprc(ranking: Ranking, weights?: Weights): number {
  return areas(ranking, weights).auprc;
}

/** What flagging all scores at or above a threshold does. */
export interface Confusion {
  /** Flagged, with the outcome. */
  readonly hits: number;
  readonly flagged: number;
  /** With the outcome. */
  readonly positives: number;
  readonly all: number;
}

/** Counts at a threshold; a score equal to it is flagged. */
export function confusionAt(ranking: Ranking, threshold: number, weights?: Weights): Confusion {
  const { size, scores, outcomes, subjects } = ranking;
  const [positives, all] = totals(ranking, weights);
  let hits = 0;
  let flagged = 0;
  for (let row = 0; row < size && scores[row] >= threshold; row++) {
    const weight = weights === undefined ? 1 : weights[subjects[row]];
    flagged += weight;
    if (outcomes[row] === 1) hits += weight;
  }
  return { hits, flagged, positives, all };
}

/**
 * Event 1 score of the PhysioNet/CinC Challenge 2012: min(sensitivity, PPV) at a threshold (Silva et al., Computing in
 * Cardiology 2012;39:245-248). 0 where nobody is flagged, NaN where nobody has the outcome.
 */
export function score1(ranking: Ranking, threshold: number, weights?: Weights): number {
  return score1Of(confusionAt(ranking, threshold, weights));
}

function score1Of({ hits, flagged, positives }: Omit<Confusion, 'all'>): number {
  if (positives === 0) return Number.NaN;
  return flagged === 0 ? 0 : Math.min(hits / positives, hits / flagged);
}

/**
 * Score1 whose threshold is not chosen on the subjects it is applied to: that of a fold flags, in all other folds, as
 * many as have the outcome there. `folds[i]` in 0 … count − 1 is the fold of subject i. O(n × count).
 */
export function crossFittedScore1(
  ranking: Ranking,
  folds: Uint8Array,
  count: number,
  weights?: Weights,
): number {
  const { size, scores, outcomes, subjects } = ranking;
  let hits = 0;
  let flagged = 0;
  for (let fold = 0; fold < count; fold++) {
    const threshold = breakEven(ranking, folds, fold, weights);
    for (let row = 0; row < size && scores[row] >= threshold; row++) {
      const subject = subjects[row];
      if (folds[subject] !== fold) continue;
      const weight = weights === undefined ? 1 : weights[subject];
      flagged += weight;
      if (outcomes[row] === 1) hits += weight;
    }
  }
  return score1Of({ hits, flagged, positives: totals(ranking, weights)[0] });
}

/** The highest threshold that flags, outside a fold, at least as many as have the outcome there. */
function breakEven(ranking: Ranking, folds: Uint8Array, fold: number, weights?: Weights): number {
  const { size, scores, outcomes, subjects } = ranking;
  const weightOf = (row: number): number => {
    const subject = subjects[row];
    if (folds[subject] === fold) return 0;
    return weights === undefined ? 1 : weights[subject];
  };
  let positives = 0;
  for (let row = 0; row < size; row++) if (outcomes[row] === 1) positives += weightOf(row);
  if (positives === 0) return Number.POSITIVE_INFINITY;
  let flagged = 0;
  for (let row = 0; row < size; row++) {
    flagged += weightOf(row);
    if (flagged >= positives) return scores[row];
  }
  return Number.POSITIVE_INFINITY;
}

/** Mean squared distance of probability and outcome (Brier, Monthly Weather Review 1950;78:1-3). NaN without subjects. */
export function brier(ranking: Ranking, weights?: Weights): number {
  const { size, scores, outcomes, subjects } = ranking;
  let sum = 0;
  let all = 0;
  for (let row = 0; row < size; row++) {
    const weight = weights === undefined ? 1 : weights[subjects[row]];
    const distance = scores[row] - outcomes[row];
    sum += weight * distance * distance;
    all += weight;
  }
  return sum / all;
}

/** One point of a decision curve: net benefit per subject of three ways to decide. */
export interface NetBenefit {
  readonly threshold: number;
  /** Of acting where the probability is at or above the threshold. */
  readonly model: number;
  /** Of acting on everybody; acting on nobody is 0. */
  readonly all: number;
}

/**
 * Net benefit TP/n − FP/n × t/(1 − t) at each threshold probability t in (0, 1) (Vickers & Elkin, Medical Decision
 * Making 2006;26:565-574).
 */
export function decisionCurve(
  ranking: Ranking,
  thresholds: readonly number[],
  weights?: Weights,
): NetBenefit[] {
  return thresholds.map((threshold) => {
    const { hits, flagged, positives, all } = confusionAt(ranking, threshold, weights);
    const odds = threshold / (1 - threshold);
    return {
      threshold,
      model: (hits - (flagged - hits) * odds) / all,
      all: (positives - (all - positives) * odds) / all,
    };
  });
}
