import { Random } from '../../simulate/random.js';

/** Stays to tune on and stays to report on. */
export interface Halves<Stay> {
  readonly tuned: readonly Stay[];
  readonly reported: readonly Stay[];
}

/** Puts half of the patients, at random, on either side, each with all their stays. The same seed gives the same halves. */
export function halvesOf<Stay extends { readonly patientId: string }>(
  stays: readonly Stay[],
  seed: number,
): Halves<Stay> {
  const random = new Random(seed, 3);
  const patients = [...new Set(stays.map(({ patientId }) => patientId))].sort();
  const drawn = patients
    .map((patientId) => ({ patientId, at: random.uniform() }))
    .sort((a, b) => a.at - b.at);
  const first = new Set(drawn.slice(0, drawn.length >> 1).map(({ patientId }) => patientId));
  return {
    tuned: stays.filter(({ patientId }) => first.has(patientId)),
    reported: stays.filter(({ patientId }) => !first.has(patientId)),
  };
}
