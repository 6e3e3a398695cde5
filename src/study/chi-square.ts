const PRECISION = 1e-15;
const MOST_TERMS = 10_000;

/**
 * P(X ≥ x) of a chi-square distribution with a whole number of degrees of freedom: the regularised upper incomplete
 * gamma function Q(df/2, x/2), by its series and continued fraction (Abramowitz & Stegun 6.5.29 and 6.5.31). NaN where
 * there are no degrees of freedom.
 */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  if (Number.isNaN(x) || degreesOfFreedom < 1) return Number.NaN;
  if (x <= 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const a = degreesOfFreedom / 2;
  const half = x / 2;
  const front = Math.exp(a * Math.log(half) - half - logGammaOfHalf(degreesOfFreedom));
  return half < a + 1 ? 1 - front * lowerSeries(a, half) : front * upperFraction(a, half);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MOST_TERMS && term > sum * PRECISION; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** By the method of Lentz. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Number.POSITIVE_INFINITY;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < MOST_TERMS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return value;
}

/** ln Γ(n/2), n ≥ 1, from Γ(1/2) = √π and Γ(1) = 1 by Γ(z + 1) = z Γ(z). */
function logGammaOfHalf(n: number): number {
  let sum = n % 2 === 1 ? Math.log(Math.PI) / 2 : 0;
  for (let z = n % 2 === 1 ? 0.5 : 1; z < n / 2; z++) sum += Math.log(z);
  return sum;
}
