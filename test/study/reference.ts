/**
 * Subjects made by a linear congruential generator whose numbers any language reproduces exactly, so that reference
 * figures could be computed in Python (scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6) and stand in the tests.
 */
export function referenceCase(size: number, seed: number, shift: number) {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  const scores = new Float64Array(size);
  const blunted = new Float64Array(size);
  const outcomes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    scores[index] = (next() >>> shift) / 2 ** (32 - shift);
    outcomes[index] = next() / 2 ** 32 < scores[index] ** 2 ? 1 : 0;
    blunted[index] = (scores[index] + next() / 2 ** 32) / 2;
  }
  return { scores, blunted, outcomes };
}

/** 500 subjects on 64 distinct scores: ties everywhere. */
export const TIED = referenceCase(500, 1, 26);
/** 1000 subjects, no ties. */
export const UNTIED = referenceCase(1000, 7, 8);
