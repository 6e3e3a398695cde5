/**
 * Components of the Sequential Organ Failure Assessment. Vincent et al., Intensive Care Medicine 1996;22:707-710,
 * table 3. Each is 0 to 4, or null where its input is missing.
 */

/** [at or above or below, points], checked in order; see each function for the direction. */
type Steps = readonly (readonly [limit: number, points: number])[];

/** PaO2/FiO2 in mmHg, below. The two worst need respiratory support. */
export const SOFA_PF_RATIO: Steps = [
  [100, 4],
  [200, 3],
  [300, 2],
  [400, 1],
];
/** Platelets in 10³/µL, below. */
export const SOFA_PLATELETS: Steps = [
  [20, 4],
  [50, 3],
  [100, 2],
  [150, 1],
];
/** Bilirubin in mg/dL, at or above. */
export const SOFA_BILIRUBIN: Steps = [
  [12, 4],
  [6, 3],
  [2, 2],
  [1.2, 1],
];
/** Glasgow Coma Scale, below. */
export const SOFA_GCS: Steps = [
  [6, 4],
  [10, 3],
  [13, 2],
  [15, 1],
];
/** Creatinine in mg/dL, at or above. */
export const SOFA_CREATININE: Steps = [
  [5, 4],
  [3.5, 3],
  [2, 2],
  [1.2, 1],
];
/** Urine in mL a day, below. */
export const SOFA_URINE: Steps = [
  [200, 4],
  [500, 3],
];
/** Mean arterial pressure in mmHg, below, without vasopressors. */
export const SOFA_MAP = 70;

/** PaO2 in mmHg, FiO2 as a fraction. Without support the score stops at 2. */
export function sofaRespiration(
  pao2: number | null,
  fio2: number | null,
  ventilated: boolean | null,
): number | null {
  if (pao2 === null || fio2 === null) return null;
  const points = below(SOFA_PF_RATIO, pao2 / fio2);
  return ventilated === true ? points : Math.min(points, 2);
}

/** Platelets in 10³/µL. */
export function sofaCoagulation(platelets: number | null): number | null {
  return platelets === null ? null : below(SOFA_PLATELETS, platelets);
}

/** Bilirubin in mg/dL. */
export function sofaLiver(bilirubin: number | null): number | null {
  return bilirubin === null ? null : atLeast(SOFA_BILIRUBIN, bilirubin);
}

/** Vasopressors in µg/kg/min, given for at least an hour; null is unknown, 0 is none. */
export interface Vasopressors {
  readonly dopamine: number | null;
  readonly dobutamine: number | null;
  readonly epinephrine: number | null;
  readonly norepinephrine: number | null;
}

/** Mean pressure in mmHg. Null where neither it nor a vasopressor is known. */
export function sofaCardiovascular(map: number | null, drugs: Vasopressors | null): number | null {
  const dopamine = drugs?.dopamine ?? 0;
  const catecholamine = Math.max(drugs?.epinephrine ?? 0, drugs?.norepinephrine ?? 0);
  if (dopamine > 15 || catecholamine > 0.1) return 4;
  if (dopamine > 5 || catecholamine > 0) return 3;
  if (dopamine > 0 || (drugs?.dobutamine ?? 0) > 0) return 2;
  if (map === null) return null;
  return map < SOFA_MAP ? 1 : 0;
}

/** Glasgow Coma Scale, 3 to 15. */
export function sofaNervous(gcs: number | null): number | null {
  return gcs === null ? null : below(SOFA_GCS, gcs);
}

/** Creatinine in mg/dL, urine in mL a day: the worse of the two. */
export function sofaRenal(creatinine: number | null, urinePerDay: number | null): number | null {
  if (creatinine === null && urinePerDay === null) return null;
  const blood = creatinine === null ? 0 : atLeast(SOFA_CREATININE, creatinine);
  const urine = urinePerDay === null ? 0 : below(SOFA_URINE, urinePerDay);
  return Math.max(blood, urine);
}

function below(steps: Steps, value: number): number {
  for (const [limit, points] of steps) if (value < limit) return points;
  return 0;
}

function atLeast(steps: Steps, value: number): number {
  for (const [limit, points] of steps) if (value >= limit) return points;
  return 0;
}

/** The parts in the order of the paper's table. */
export const SOFA_PARTS = [
  'respiration',
  'coagulation',
  'liver',
  'cardiovascular',
  'nervous',
  'renal',
] as const;
export type SofaPart = (typeof SOFA_PARTS)[number];

/** Points of each part, 0 to 4, null where its input is not known. */
export type SofaPoints = Readonly<Record<SofaPart, number | null>>;

export interface Sofa extends SofaPoints {
  /** 0 to 24 over the parts that are known, so a lower bound where some are not; null where none is. */
  readonly total: number | null;
}

export function sofa(points: SofaPoints): Sofa {
  const { respiration, coagulation, liver, cardiovascular, nervous, renal } = points;
  let total: number | null = null;
  for (let part = 0; part < SOFA_PARTS.length; part++) {
    const known = points[SOFA_PARTS[part]];
    if (known !== null) total = (total ?? 0) + known;
  }
  return { total, respiration, coagulation, liver, cardiovascular, nervous, renal };
}

/** Of a patient of whom nothing is known. */
export const NO_SOFA: Sofa = sofa({
  respiration: null,
  coagulation: null,
  liver: null,
  cardiovascular: null,
  nervous: null,
  renal: null,
});
