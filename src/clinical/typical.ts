import type { Range } from './variables.js';

/**
 * Where the middle 95 % of values charted in adult intensive care lie, in canonical units: quantiles 0.025 and 0.975 of the PhysioNet
 * Challenge 2012 (sets A and B, 8 000 stays); from SpO2 on, of the Challenge 2019 (hospital A, 18 305 stays). They say whether a
 * source means what its mapping says, not whether a patient is well. Variables of neither are not here.
 */
export const TYPICAL: Readonly<Record<string, Range>> = {
  heartRate: [56, 128],
  sbpInvasive: [79, 173],
  dbpInvasive: [38, 88],
  mapInvasive: [55, 116],
  sbpCuff: [81, 170],
  dbpCuff: [31, 92],
  mapCuff: [51, 111],
  respRate: [11, 32],
  temperature: [35.3, 38.7],
  gcs: [3, 15],
  fio2: [0.35, 1],
  urine: [5, 500],
  weight: [47, 140],
  ph: [7.2, 7.5],
  paco2: [26, 63],
  pao2: [60, 408],
  sao2: [90, 99],
  hco3: [13, 33],
  lactate: [0.8, 10.7],
  sodium: [129, 149],
  potassium: [3, 5.7],
  magnesium: [1.3, 2.9],
  glucose: [70, 296],
  bun: [5, 92],
  creatinine: [0.4, 6.2],
  bilirubin: [0.2, 21],
  alp: [34, 454],
  alt: [8, 3291],
  ast: [13, 4898],
  albumin: [1.7, 4.1],
  wbc: [3, 29.5],
  platelets: [42, 454],
  hematocrit: [21.9, 41.7],
  troponinT: [0.01, 9.2],
  troponinI: [0.3, 40],
  cholesterol: [82, 246],
  spo2: [91, 100],
  baseExcess: [-10, 8],
  chloride: [93, 117],
  hemoglobin: [7.5, 14.4],
};
