import { chiSquareTail } from './chi-square.js';
import { type Ranking, totals, type Weights } from './ranking.js';

/** Subjects of neighbouring probability: what was predicted and what came about. */
export interface ReliabilityBin {
  /** Weight of the subjects. */
  readonly count: number;
  readonly meanPredicted: number;
  /** Share with the outcome. */
  readonly observed: number;
  /** 95 % Wilson interval of `observed` (Wilson, JASA 1927;22:209-212). */
  readonly low: number;
  readonly high: number;
}

export const CALIBRATION_BINS = 10;
const Z_95 = 1.959_963_984_540_054;

/**
 * Sums of equally filled bins by ascending probability, the first ones a subject larger where they do not come out even
 * (as NumPy's `array_split`). Subjects of equal probability share their outcomes evenly over the bins they fall into, so
 * that the order of the input does not matter. Shapes [bins].
 */
function binSums(ranking: Ranking, bins: number, weights?: Weights) {
  const { size, scores, outcomes, subjects } = ranking;
  const [, all] = totals(ranking, weights);
  const count = new Float64Array(bins);
  const predicted = new Float64Array(bins);
  const observed = new Float64Array(bins);
  const capacity = (bin: number) => Math.floor(all / bins) + (bin < all % bins ? 1 : 0);
  let bin = 0;
  let room = capacity(0);
  for (let row = size - 1; row >= 0; ) {
    const score = scores[row];
    let weight = 0;
    let positives = 0;
    for (; row >= 0 && scores[row] === score; row--) {
      const each = weights === undefined ? 1 : weights[subjects[row]];
      weight += each;
      if (outcomes[row] === 1) positives += each;
    }
    const share = positives / weight;
    while (weight > 0) {
      while (room === 0) room = capacity(++bin);
      const taken = Math.min(weight, room);
      count[bin] += taken;
      predicted[bin] += taken * score;
      observed[bin] += taken * share;
      weight -= taken;
      room -= taken;
    }
  }
  return { count, predicted, observed, all };
}

/** Predicted against observed risk in equally filled bins; empty ones are left out. */
export function reliabilityCurve(
  ranking: Ranking,
  bins = CALIBRATION_BINS,
  weights?: Weights,
): ReliabilityBin[] {
  const { count, predicted, observed } = binSums(ranking, bins, weights);
  const curve: ReliabilityBin[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const n = count[bin];
    if (n === 0) continue;
    const [low, high] = wilson(observed[bin], n);
    curve.push({ count: n, meanPredicted: predicted[bin] / n, observed: observed[bin] / n, low, high });
  }
  return curve;
}

/** 95 % interval of a share, `hits` of `n` (Wilson, JASA 1927;22:209-212). */
export function wilson(hits: number, n: number): [low: number, high: number] {
  if (n === 0) return [Number.NaN, Number.NaN];
  const share = hits / n;
  const z2 = Z_95 * Z_95;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z_95 / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/**
 * Expected calibration error: mean distance between predicted and observed risk over equally filled bins (Naeini et
 * al., AAAI 2015, with bins of equal count). NaN without subjects.
 */
export function expectedCalibrationError(
  ranking: Ranking,
  bins = CALIBRATION_BINS,
  weights?: Weights,
): number {
  const { predicted, observed, all } = binSums(ranking, bins, weights);
  let sum = 0;
  for (let bin = 0; bin < bins; bin++) sum += Math.abs(predicted[bin] - observed[bin]);
  return sum / all;
}

export interface HosmerLemeshow {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Chance of a statistic at least as large were the model calibrated. */
  readonly p: number;
}

/**
 * Goodness of fit over bins of equal count (Hosmer & Lemeshow, Communications in Statistics 1980;9:1043-1069). One
 * degree of freedom a bin, two fewer where the probabilities were fitted to these subjects. With thousands of subjects
 * it rejects miscalibration too small to matter: read it beside the curve.
 */
export function hosmerLemeshow(
  ranking: Ranking,
  fittedHere: boolean,
  bins = CALIBRATION_BINS,
): HosmerLemeshow {
  const { count, predicted, observed } = binSums(ranking, bins);
  let statistic = 0;
  let used = 0;
  for (let bin = 0; bin < bins; bin++) {
    if (count[bin] === 0) continue;
    used++;
    const difference = observed[bin] - predicted[bin];
    // Where nothing or everything is predicted with certainty, only a perfect bin fits.
    const variance = predicted[bin] * (1 - predicted[bin] / count[bin]);
    if (difference !== 0) statistic += (difference * difference) / variance;
  }
  const degreesOfFreedom = Math.max(0, used - (fittedHere ? 2 : 0));
  return { statistic, degreesOfFreedom, p: chiSquareTail(statistic, degreesOfFreedom) };
}
