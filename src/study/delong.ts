import { chiSquareTail } from './chi-square.js';

/** Two AUROCs on the same subjects, and their difference `first − second`. */
export interface PairedAurocs {
  readonly first: number;
  readonly second: number;
  readonly difference: number;
  readonly standardError: number;
  /** 95 % interval of the difference. */
  readonly low: number;
  readonly high: number;
  /** Two-sided. */
  readonly p: number;
}

const Z_95 = 1.959_963_984_540_054;

/**
 * Test of two correlated AUROCs (DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845) by the midranks of Sun &
 * Xu (IEEE Signal Processing Letters 2014;21:1389-1393). O(n log n). Everything is NaN where a class has fewer than two
 * subjects; where the two do not differ in any pair, the standard error is 0 and p is 1.
 */
export function delong(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  outcomes: ArrayLike<number>,
): PairedAurocs {
  if (first.length !== outcomes.length || second.length !== outcomes.length) {
    throw new RangeError(`${first.length} and ${second.length} scores, but ${outcomes.length} outcomes`);
  }
  for (let index = 0; index < outcomes.length; index++) {
    if (Number.isNaN(first[index]) || Number.isNaN(second[index]))
      throw new RangeError(`score ${index} is NaN`);
  }
  const a = placements(first, outcomes);
  const b = placements(second, outcomes);
  const difference = a.auroc - b.auroc;
  const variance =
    varianceOfDifference(a.positives, b.positives) / a.positives.length +
    varianceOfDifference(a.negatives, b.negatives) / a.negatives.length;
  const standardError = Math.sqrt(variance);
  const isSame = difference === 0 && standardError === 0;
  const p = isSame ? 1 : chiSquareTail((difference / standardError) ** 2, 1);
  const half = Z_95 * standardError;
  const interval = { low: difference - half, high: difference + half };
  return { first: a.auroc, second: b.auroc, difference, standardError, ...interval, p };
}

interface Placements {
  readonly auroc: number;
  /** Of each positive, the share of negatives below it; shape [positives]. */
  readonly positives: Float64Array;
  /** Of each negative, the share of positives above it; shape [negatives]. */
  readonly negatives: Float64Array;
}

function placements(scores: ArrayLike<number>, outcomes: ArrayLike<number>): Placements {
  const among = [select(scores, outcomes, 0), select(scores, outcomes, 1)];
  const [m, n] = [among[1].length, among[0].length];
  if (m < 2 || n < 2) {
    return { auroc: Number.NaN, positives: new Float64Array(m), negatives: new Float64Array(n) };
  }
  const all = midranks(Float64Array.from({ length: scores.length }, (_, index) => scores[index]));
  const own = [midranks(among[0]), midranks(among[1])];
  const positives = new Float64Array(m);
  const negatives = new Float64Array(n);
  let positive = 0;
  let negative = 0;
  let sum = 0;
  for (let index = 0; index < all.length; index++) {
    if (outcomes[index] === 1) {
      sum += all[index];
      positives[positive] = (all[index] - own[1][positive]) / n;
      positive++;
    } else {
      negatives[negative] = 1 - (all[index] - own[0][negative]) / m;
      negative++;
    }
  }
  return { auroc: (sum - (m * (m + 1)) / 2) / (m * n), positives, negatives };
}

function select(scores: ArrayLike<number>, outcomes: ArrayLike<number>, outcome: number): Float64Array {
  const selected: number[] = [];
  for (let index = 0; index < scores.length; index++)
    if (outcomes[index] === outcome) selected.push(scores[index]);
  return Float64Array.from(selected);
}

/** Rank of each value among all, from 1; equal values share the mean of their ranks. */
function midranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let at = start; at < end; at++) ranks[order[at]] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

function varianceOfDifference(a: Float64Array, b: Float64Array): number {
  let mean = 0;
  for (let index = 0; index < a.length; index++) mean += (a[index] - b[index]) / a.length;
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] - b[index] - mean) ** 2;
  return sum / (a.length - 1);
}
