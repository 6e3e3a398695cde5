/** Values that devices and interfaces send for no value, and values in another unit than the one they name. */
import { VARIABLES, variableIndex } from './variables.js';

/**
 * What monitors and gateways send for "no value" besides 0: -100 of a probe that is off, the ends of one and two signed bytes, one
 * byte, and the void value of IEC 11073. A value counts as one only where the variable cannot have it.
 */
const NO_VALUE = new Set([-100, -1, 127, -128, 255, 32_767, -32_768, 65_535, 8_388_607]);

/** A value times one of these: per cent for a fraction, a fraction for per cent, a decimal point lost or moved. */
const POWERS_OF_TEN = [0.01, 0.1, 10, 100];

/** Whether a value that the variable cannot have is one that stands for none. */
export function isNoValue(value: number): boolean {
  return NO_VALUE.has(value);
}

/** Whether a value that the variable cannot have would be possible in another of its units, or with another decimal point. */
export function fitsAnotherUnit(variable: number, value: number): boolean {
  const { units, possible } = VARIABLES[variable];
  const fits = (canonical: number): boolean => canonical >= possible[0] && canonical <= possible[1];
  if (POWERS_OF_TEN.some((factor) => fits(value * factor))) return true;
  for (const { scale, offset } of units.values()) {
    if ((scale !== 1 || offset !== 0) && fits(value * scale + offset)) return true;
  }
  return false;
}

type LooksLike = (value: number) => boolean;
const isWhole = (value: number): boolean => Number.isInteger(value);

/**
 * Possible but implausible values that look like another unit. Laboratories report mg/dL of glucose and mmHg of PaO2 in whole numbers,
 * mmol/L and kPa with a decimal, so a glucose of 12 mg/dL is believed and one of 5.6 is not.
 */
const LOOKS_LIKE: readonly (readonly [id: string, test: LooksLike])[] = [
  // µmol/L: the highest creatinine reported is about 60 mg/dL, what dialysis patients have about 15.
  ['creatinine', (value) => value > 30],
  ['bilirubin', (value) => value > 60],
  ['glucose', (value) => value < 20 && !isWhole(value)],
  ['pao2', (value) => value < 25 && !isWhole(value)],
  // kPa: 4.5 kPa is 34 mmHg; below 8 mmHg nobody has been seen to live.
  ['paco2', (value) => value < 8],
  // mg/dL: 4.5 mg/dL is 1.1 mmol/L.
  ['calciumIonised', (value) => value > 3.2],
  // Ten times.
  ['respRate', (value) => value >= 80],
  // kPa: no cuff measures a mean below 20 mmHg.
  ['sbpCuff', (value) => value < 30 && !isWhole(value)],
  ['dbpCuff', (value) => value < 15 && !isWhole(value)],
  ['mapCuff', (value) => value < 20 && !isWhole(value)],
];

const TESTS: readonly (LooksLike | null)[] = VARIABLES.map((_, index) => {
  return LOOKS_LIKE.find(([id]) => variableIndex(id) === index)?.[1] ?? null;
});

/** Whether a value of the variable that is possible looks like one in another unit. */
export function looksLikeAnotherUnit(variable: number, value: number): boolean {
  const { plausible } = VARIABLES[variable];
  if (value >= plausible[0] && value <= plausible[1]) return false;
  return TESTS[variable]?.(value) ?? false;
}
