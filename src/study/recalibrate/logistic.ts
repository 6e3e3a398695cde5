import type { Weights } from '../ranking.js';

/** Rows of one output: what was foretold, and what came about. Shapes [rows]. */
export interface Foretold {
  /** The model's logits. */
  readonly logits: Float64Array;
  /** 1: it came about. */
  readonly outcomes: Uint8Array;
}

/** The line logit(p) = intercept + slope × logit. */
export interface Line {
  readonly intercept: number;
  readonly slope: number;
}

const MOST_STEPS = 50;
/** Steps smaller than this change no figure that is shown. */
const TOLERANCE = 1e-9;
const UNDEFINED: Line = { intercept: Number.NaN, slope: Number.NaN };

/**
 * Intercept and slope of greatest likelihood, by Newton's method (Cox, Biometrika 1958;45:562-565). `weights`: how often each row
 * counts. NaN where there is none: a class is empty, all logits are equal, or a threshold tells the outcome without fault.
 */
export function fitLine(rows: Foretold, weights?: Weights, start: Line = { intercept: 0, slope: 1 }): Line {
  let line = start;
  let here = heightOf(rows, line, weights);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { g0, g1, h00, h01, h11 } = here;
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-12 * h00 * h11)) return UNDEFINED;
    let [by, turn] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    for (;;) {
      const next = { intercept: line.intercept + by, slope: line.slope + turn };
      if (Math.abs(by) < TOLERANCE && Math.abs(turn) < TOLERANCE) return next;
      const there = heightOf(rows, next, weights);
      if (there.likelihood >= here.likelihood) {
        line = next;
        here = there;
        break;
      }
      by /= 2;
      turn /= 2;
    }
  }
  return UNDEFINED;
}

/** The intercept of greatest likelihood where the slope is 1: calibration in the large. NaN where a class is empty. */
export function fitIntercept({ logits, outcomes }: Foretold, weights?: Weights, start = 0): number {
  let intercept = start;
  for (let step = 0; step < MOST_STEPS; step++) {
    let gradient = 0;
    let curvature = 0;
    for (let row = 0; row < logits.length; row++) {
      const weight = weights === undefined ? 1 : weights[row];
      if (weight === 0) continue;
      const p = 1 / (1 + Math.exp(-intercept - logits[row]));
      gradient += weight * (outcomes[row] - p);
      curvature += weight * p * (1 - p);
    }
    // No further than this at once: the curve is flat far from where it is highest.
    const by = Math.max(-2, Math.min(2, gradient / curvature));
    if (Number.isNaN(by)) return Number.NaN;
    intercept += by;
    if (Math.abs(by) < TOLERANCE) return intercept;
  }
  return Number.NaN;
}

/** Logarithm of the likelihood, its gradient, and how it bends. */
function heightOf({ logits, outcomes }: Foretold, { intercept, slope }: Line, weights?: Weights) {
  let [likelihood, g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < logits.length; row++) {
    const weight = weights === undefined ? 1 : weights[row];
    if (weight === 0) continue;
    const x = logits[row];
    const z = intercept + slope * x;
    // The smaller of the odds for and against, so that none is too large to be told.
    const odds = Math.exp(-Math.abs(z));
    const p = z > 0 ? 1 / (1 + odds) : odds / (1 + odds);
    const against = outcomes[row] === 1 ? -z : z;
    const rest = weight * (outcomes[row] - p);
    const spread = (weight * odds) / ((1 + odds) * (1 + odds));
    likelihood -= weight * (Math.max(0, against) + Math.log1p(odds));
    g0 += rest;
    g1 += rest * x;
    h00 += spread;
    h01 += spread * x;
    h11 += spread * x * x;
  }
  return { likelihood, g0, g1, h00, h01, h11 };
}
