/**
 * Subjects in descending order of score: sorted once, then every metric is one pass, also over a resample given as
 * weights. Shapes [subjects].
 */
export interface Ranking {
  readonly size: number;
  /** Descending. */
  readonly scores: Float64Array;
  /** 1: the outcome came about; 0: it did not. */
  readonly outcomes: Uint8Array;
  /** Place of each row in the input: the index into weights and folds. */
  readonly subjects: Uint32Array;
}

/**
 * How often each subject counts, by place in the input; absent: once. Whole numbers, as a bootstrap draws them; a
 * subset is a resample with weights 0 and 1.
 */
export type Weights = Uint32Array;

/**
 * Ranks subjects. O(n log n); ties keep the order of the input.
 * @throws RangeError where lengths differ, a score is NaN or an outcome is neither 0 nor 1.
 */
export function rank(scores: ArrayLike<number>, outcomes: ArrayLike<number>): Ranking {
  const size = scores.length;
  if (outcomes.length !== size) throw new RangeError(`${size} scores, but ${outcomes.length} outcomes`);
  const subjects = new Uint32Array(size);
  for (let index = 0; index < size; index++) {
    subjects[index] = index;
    if (Number.isNaN(scores[index])) throw new RangeError(`score ${index} is NaN`);
    if (outcomes[index] !== 0 && outcomes[index] !== 1)
      throw new RangeError(`outcome ${index} is not 0 or 1`);
  }
  subjects.sort((a, b) => (scores[a] === scores[b] ? a - b : scores[a] < scores[b] ? 1 : -1));
  const sorted = new Float64Array(size);
  const labels = new Uint8Array(size);
  for (let row = 0; row < size; row++) {
    sorted[row] = scores[subjects[row]];
    labels[row] = outcomes[subjects[row]];
  }
  return { size, scores: sorted, outcomes: labels, subjects };
}

/** Weight of subjects with the outcome, and of all. */
export function totals(
  { size, outcomes, subjects }: Ranking,
  weights?: Weights,
): [positives: number, all: number] {
  let positives = 0;
  let all = 0;
  for (let row = 0; row < size; row++) {
    const weight = weights === undefined ? 1 : weights[subjects[row]];
    all += weight;
    if (outcomes[row] === 1) positives += weight;
  }
  return [positives, all];
}

/** The subjects that `keep` says, still indexed by their place in the whole input. */
export function subset(
  { size, scores, outcomes, subjects }: Ranking,
  keep: (subject: number) => boolean,
): Ranking {
  const rows = Uint32Array.from({ length: size }, (_, row) => row).filter((row) => keep(subjects[row]));
  return {
    size: rows.length,
    scores: Float64Array.from(rows, (row) => scores[row]),
    outcomes: Uint8Array.from(rows, (row) => outcomes[row]),
    subjects: Uint32Array.from(rows, (row) => subjects[row]),
  };
}
