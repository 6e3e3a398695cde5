import { Random } from '../simulate/random.js';
import type { Weights } from './ranking.js';

export interface BootstrapOptions {
  readonly resamples: number;
  /** Equal seeds, equal intervals. */
  readonly seed: number;
}

/** Limits of a 95 % interval; NaN where the figure is not defined in any resample. */
export type Interval95 = readonly [low: number, high: number];

/**
 * 95 % percentile intervals of figures, by drawing patients with replacement (Efron & Tibshirani 1993, chapter 13).
 * `figures` is given how often each of the `patients` was drawn; it must return the same figures in the same order every
 * time and keep no reference to the weights. Resamples in which a figure is NaN (a class is empty) do not count for it.
 */
export function bootstrap(
  patients: number,
  { resamples, seed }: BootstrapOptions,
  figures: (weights: Weights) => readonly number[],
): Interval95[] {
  const random = new Random(seed, 0);
  const weights = new Uint32Array(patients);
  const draws: Float64Array[] = [];
  const defined: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    weights.fill(0);
    for (let draw = 0; draw < patients; draw++) weights[Math.floor(random.uniform() * patients)]++;
    const values = figures(weights);
    for (let index = 0; index < values.length; index++) {
      draws[index] ??= new Float64Array(resamples);
      defined[index] ??= 0;
      if (!Number.isNaN(values[index])) draws[index][defined[index]++] = values[index];
    }
  }
  return draws.map((values, index) => {
    const sorted = values.subarray(0, defined[index]).sort();
    return [percentile(sorted, 0.025), percentile(sorted, 0.975)];
  });
}

/**
 * As `bootstrap`, of stays: patients are drawn, and with a patient all their stays. `figures` is given how often each stay counts.
 */
export function bootstrapStays(
  stays: readonly { readonly patientId: string }[],
  options: BootstrapOptions,
  figures: (weights: Weights) => readonly number[],
): Interval95[] {
  const places = new Map<string, number>();
  const patientOf = Uint32Array.from(stays, ({ patientId }) => {
    const place = places.get(patientId) ?? places.size;
    places.set(patientId, place);
    return place;
  });
  const weights = new Uint32Array(stays.length);
  return bootstrap(places.size, options, (drawn) => {
    for (let stay = 0; stay < weights.length; stay++) weights[stay] = drawn[patientOf[stay]];
    return figures(weights);
  });
}

/** The value below which a share of ascending values lies, interpolated as NumPy does by default. NaN where there are none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}
