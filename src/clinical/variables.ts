import {
  type AcceptedUnits,
  CM_H2O,
  KPA,
  PERCENT,
  TEMPERATURE,
  type UnitConversion,
  unitTable,
} from './units.js';

/** Where a variable comes from; it decides which topic carries it and whether its arrival forces a score. */
export type VariableKind = 'vital' | 'lab';

/** A closed interval in the variable's canonical unit. */
export type Range = readonly [low: number, high: number];

/** One thing measured at the bedside or in the laboratory. */
export interface Variable {
  /** Name used in features, models and the API. */
  readonly id: string;
  /** Label a clinician reads. */
  readonly label: string;
  readonly kind: VariableKind;
  /** LOINC code, or a local alias beginning `WS-` where LOINC has no fitting term. */
  readonly code: string;
  /** Further codes that mean the same here. */
  readonly aliases: readonly string[];
  /** Canonical UCUM unit of `possible`, `plausible` and every stored value. */
  readonly unit: string;
  readonly units: ReadonlyMap<string, UnitConversion>;
  /** Outside it the value is an error (typing, device, unit) and becomes a dead letter. */
  readonly possible: Range;
  /** Outside it the value is used but flagged `implausible`. */
  readonly plausible: Range;
  /** Whether devices send 0 for "no reading": such a value is set aside as that, not as an error. */
  readonly isZeroNoReading: boolean;
  /** Decimals shown. */
  readonly decimals: number;
  /** Where the ranges come from. */
  readonly source: string;
}

/** Sources of ranges. Bounds marked with MX were set with that table at hand and widened to keep real extremes. */
const MX = 'after the outlier and valid limits of MIMIC-Extract (Wang et al., CHIL 2020), widened';
const TEMP_SOURCE =
  'survived extremes 13.7 °C (Gilbert et al., Lancet 2000) and 46.5 °C (Slovis et al. 1982)';
const PAO2_SOURCE =
  'lowest measured in climbers 19 mmHg (Grocott et al., NEJM 2009); upper: pure oxygen at 1 atm';
const GCS_SOURCE = 'Teasdale & Jennett, Lancet 1974';
const SATURATION_SOURCE = 'by definition of the quantity; 1 and below is a fraction sent as per cent';
const DEFINITION = 'by definition of the quantity';

/** µmol/L → mg/dL divides by ten times 1/molar mass: creatinine 113.12, bilirubin 584.66 g/mol. */
const CREATININE_UNITS: AcceptedUnits = { 'umol/L': 0.011_312, 'mg/L': 0.1 };
const BILIRUBIN_UNITS: AcceptedUnits = { 'umol/L': 0.058_466 };
/** mmol/L → mg/dL: glucose 180.156, urea nitrogen 28.014, magnesium 24.305, cholesterol 386.65 g/mol. */
const GLUCOSE_UNITS: AcceptedUnits = { 'mmol/L': 18.0156 };
const UREA_NITROGEN_UNITS: AcceptedUnits = { 'mmol/L': 2.8014 };
const MAGNESIUM_UNITS: AcceptedUnits = { 'mmol/L': 2.4305, 'meq/L': 1.215_25 };
const CHOLESTEROL_UNITS: AcceptedUnits = { 'mmol/L': 38.665 };
/** mg/dL → mmol/L: lactate 90.08, ionised calcium 40.078 g/mol. */
const LACTATE_UNITS: AcceptedUnits = { 'mg/dL': 0.111_01, 'meq/L': 1 };
const CALCIUM_UNITS: AcceptedUnits = { 'mg/dL': 0.249_51, 'meq/L': 0.5 };
const MONOVALENT: AcceptedUnits = { 'meq/L': 1 };
const NONE: AcceptedUnits = {};

type Row = readonly [
  id: string,
  label: string,
  kind: VariableKind,
  codes: string,
  unit: string,
  accepted: AcceptedUnits,
  possible: Range,
  plausible: Range,
  decimals: number,
  source: string,
];

// biome-ignore format: one row a variable reads best
const ROWS: readonly Row[] = [
  ['heartRate', 'Heart rate', 'vital', '8867-4 HR', '/min', NONE, [0, 350], [20, 250], 0, MX],
  ['sbpInvasive', 'Systolic BP (arterial line)', 'vital', '76215-3 SysABP', 'mm[Hg]', KPA, [1, 375], [30, 280], 0, MX],
  ['dbpInvasive', 'Diastolic BP (arterial line)', 'vital', '76213-8 DiasABP', 'mm[Hg]', KPA, [1, 375], [15, 180], 0, MX],
  ['mapInvasive', 'Mean BP (arterial line)', 'vital', '76214-6 MAP', 'mm[Hg]', KPA, [1, 375], [20, 210], 0, MX],
  ['sbpCuff', 'Systolic BP (cuff)', 'vital', '76534-7 8480-6 NISysABP', 'mm[Hg]', KPA, [1, 375], [30, 280], 0, MX],
  ['dbpCuff', 'Diastolic BP (cuff)', 'vital', '76535-4 8462-4 NIDiasABP', 'mm[Hg]', KPA, [1, 375], [15, 180], 0, MX],
  ['mapCuff', 'Mean BP (cuff)', 'vital', '76536-2 8478-0 NIMAP', 'mm[Hg]', KPA, [1, 375], [20, 210], 0, MX],
  ['respRate', 'Respiratory rate', 'vital', '9279-1 RespRate', '/min', NONE, [1, 150], [3, 70], 0, MX],
  ['temperature', 'Temperature', 'vital', '8310-5 Temp', 'Cel', TEMPERATURE, [13.7, 46.5], [30, 43], 1, TEMP_SOURCE],
  ['spo2', 'SpO2 (pulse oximeter)', 'vital', '59408-5 SpO2', '%', { '1': 100 }, [2, 100], [50, 100], 0, SATURATION_SOURCE],
  ['gcs', 'Glasgow Coma Scale', 'vital', '9269-2 GCS', '{score}', NONE, [3, 15], [3, 15], 0, GCS_SOURCE],
  ['acvpu', 'Consciousness, 0 alert 1 confusion 2 voice 3 pain 4 unresponsive', 'vital', '67775-7', '{score}', NONE, [0, 4], [0, 4], 0, 'Royal College of Physicians, NEWS2, 2017'],
  ['fio2', 'FiO2', 'vital', '3150-6 FiO2', '1', PERCENT, [0.15, 1], [0.21, 1], 2, DEFINITION],
  ['oxygenFlow', 'Oxygen flow', 'vital', '3151-8', 'L/min', NONE, [0, 100], [0, 80], 1, 'flow of high-flow nasal systems'],
  ['mechVent', 'Mechanical ventilation', 'vital', 'WS-MECHVENT MechVent', '{bool}', NONE, [0, 1], [0, 1], 0, DEFINITION],
  ['urine', 'Urine output', 'vital', '9187-6 Urine', 'mL', { L: 1000 }, [0, 15_000], [0, 2500], 0, MX],
  ['weight', 'Body weight', 'vital', '29463-7 Weight', 'kg', { g: 0.001, '[lb_av]': 0.453_592_37 }, [0.2, 650], [20, 300], 1, 'heaviest recorded adult 635 kg'],
  ['cvp', 'Central venous pressure', 'vital', '60985-9', 'mm[Hg]', { ...KPA, ...CM_H2O }, [-30, 100], [-10, 50], 0, MX],
  ['ph', 'Arterial pH', 'lab', '2744-1 pH', '{pH}', NONE, [6.3, 8.4], [6.8, 7.8], 2, MX],
  ['paco2', 'PaCO2', 'lab', '2019-8 PaCO2', 'mm[Hg]', KPA, [3, 300], [10, 150], 0, MX],
  ['pao2', 'PaO2', 'lab', '2703-7 PaO2', 'mm[Hg]', KPA, [10, 760], [25, 600], 0, PAO2_SOURCE],
  ['sao2', 'SaO2 (arterial)', 'lab', '2708-6 SaO2', '%', { '1': 100 }, [2, 100], [50, 100], 0, SATURATION_SOURCE],
  ['hco3', 'Bicarbonate', 'lab', '1963-8 HCO3', 'mmol/L', MONOVALENT, [0, 80], [4, 60], 0, MX],
  ['baseExcess', 'Base excess', 'lab', '1925-7', 'mmol/L', MONOVALENT, [-60, 60], [-35, 35], 1, MX],
  ['lactate', 'Lactate', 'lab', '2524-7 Lactate', 'mmol/L', LACTATE_UNITS, [0, 50], [0.2, 30], 1, MX],
  ['sodium', 'Sodium', 'lab', '2951-2 Na', 'mmol/L', MONOVALENT, [70, 230], [100, 185], 0, MX],
  ['potassium', 'Potassium', 'lab', '2823-3 K', 'mmol/L', MONOVALENT, [0.5, 25], [1.5, 10], 1, MX],
  ['chloride', 'Chloride', 'lab', '2075-0', 'mmol/L', MONOVALENT, [40, 200], [60, 160], 0, MX],
  ['magnesium', 'Magnesium', 'lab', '19123-9 Mg', 'mg/dL', MAGNESIUM_UNITS, [0.1, 30], [0.5, 10], 1, MX],
  ['calciumIonised', 'Ionised calcium', 'lab', '1994-3', 'mmol/L', CALCIUM_UNITS, [0.1, 6], [0.5, 2.5], 2, MX],
  ['glucose', 'Glucose', 'lab', '2345-7 Glucose', 'mg/dL', GLUCOSE_UNITS, [1, 3000], [20, 1200], 0, MX],
  ['bun', 'Urea nitrogen', 'lab', '3094-0 BUN', 'mg/dL', UREA_NITROGEN_UNITS, [0, 400], [1, 250], 0, MX],
  ['creatinine', 'Creatinine', 'lab', '2160-0 Creatinine', 'mg/dL', CREATININE_UNITS, [0, 66], [0.1, 30], 2, MX],
  ['bilirubin', 'Bilirubin, total', 'lab', '1975-2 Bilirubin', 'mg/dL', BILIRUBIN_UNITS, [0, 100], [0.1, 60], 1, MX],
  ['alp', 'Alkaline phosphatase', 'lab', '6768-6 ALP', 'U/L', NONE, [0, 10_000], [10, 4000], 0, MX],
  ['alt', 'ALT', 'lab', '1742-6 ALT', 'U/L', NONE, [0, 50_000], [2, 15_000], 0, MX],
  ['ast', 'AST', 'lab', '1920-8 AST', 'U/L', NONE, [0, 50_000], [4, 20_000], 0, MX],
  ['albumin', 'Albumin', 'lab', '1751-7 Albumin', 'g/dL', { 'g/L': 0.1 }, [0.2, 10], [0.6, 6.5], 1, MX],
  ['wbc', 'White blood cells', 'lab', '6690-2 WBC', '10*3/uL', NONE, [0, 1000], [0.1, 200], 1, MX],
  ['platelets', 'Platelets', 'lab', '777-3 Platelets', '10*3/uL', NONE, [0, 5000], [3, 1500], 0, MX],
  ['hematocrit', 'Haematocrit', 'lab', '4544-3 HCT', '%', { '1': 100 }, [2, 85], [10, 70], 0, MX],
  ['hemoglobin', 'Haemoglobin', 'lab', '718-7', 'g/dL', { 'g/L': 0.1 }, [0.5, 30], [3, 24], 1, MX],
  ['inr', 'INR', 'lab', '6301-6', '{INR}', NONE, [0.3, 40], [0.7, 20], 1, MX],
  ['crp', 'C-reactive protein', 'lab', '1988-5', 'mg/L', { 'mg/dL': 10 }, [0, 1000], [0, 600], 0, MX],
  ['troponinT', 'Troponin T', 'lab', '6598-7 TroponinT', 'ng/mL', { 'ng/L': 0.001 }, [0, 200], [0, 30], 2, MX],
  ['troponinI', 'Troponin I', 'lab', '10839-9 TroponinI', 'ng/mL', { 'ng/L': 0.001 }, [0, 1000], [0, 80], 1, MX],
  ['cholesterol', 'Cholesterol', 'lab', '2093-3 Cholesterol', 'mg/dL', CHOLESTEROL_UNITS, [10, 2000], [30, 600], 0, MX],
];

/**
 * Of these, monitors and their gateways send 0 when a probe, cuff or line is off. Not the heart rate: 0 may be asystole, so it is
 * used, and said to staff (src/alerts/no-reading.ts). Nor laboratory values: 0.0 is how a count below the limit of detection is
 * reported.
 */
const ZERO_IS_NO_READING = new Set([
  'sbpInvasive',
  'dbpInvasive',
  'mapInvasive',
  'sbpCuff',
  'dbpCuff',
  'mapCuff',
  'respRate',
  'spo2',
  'sao2',
]);

/** The vocabulary. A variable's place in this list is its `VariableIndex`, used in every typed array. */
export const VARIABLES: readonly Variable[] = ROWS.map(
  ([id, label, kind, codes, unit, accepted, possible, plausible, decimals, source]) => {
    const [code, ...aliases] = codes.split(' ');
    const units = unitTable(unit, accepted);
    const isZeroNoReading = ZERO_IS_NO_READING.has(id);
    return {
      id,
      label,
      kind,
      code,
      aliases,
      unit,
      units,
      possible,
      plausible,
      isZeroNoReading,
      decimals,
      source,
    };
  },
);

export const VARIABLE_COUNT = VARIABLES.length;

const INDEX_BY_ID = new Map(VARIABLES.map((variable, index) => [variable.id, index]));

/** Code (LOINC, local alias or id) → variable index. */
export const INDEX_BY_CODE: ReadonlyMap<string, number> = new Map(
  VARIABLES.flatMap(({ id, code, aliases }, index) =>
    [code, ...aliases, id].map((each) => [each, index] as const),
  ),
);

/** The index of a variable named in the source; throws on a name that does not exist. */
export function variableIndex(id: string): number {
  const index = INDEX_BY_ID.get(id);
  if (index === undefined) throw new Error(`no clinical variable is called ${id}`);
  return index;
}
