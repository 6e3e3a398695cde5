/**
 * The single signs that the probe makes worse. The steps are ours: they go from a normal value to one that hardly anybody survives,
 * through the limits of src/clinical/state.ts where there is one.
 */

import { MONOTONE } from '../../clinical/monotone.js';
import { SIGNS } from '../../clinical/signs.js';
import { CRITERIA, type Criterion, meets } from '../../clinical/state.js';
import { VARIABLES, variableIndex } from '../../clinical/variables.js';
import { MINUTE_MS } from '../../durations.js';

/** A value of one variable, by its index, in its canonical unit. */
export interface Setting {
  readonly variable: number;
  readonly value: number;
}

/** Risks of a model that a sign can move; a model may lack all but death. */
export const RISKS = ['mortality', 'circulatory', 'hypotension', 'respiratory'] as const;
export type RiskName = (typeof RISKS)[number];

/** One number a risk; NaN where the model does not give it. */
export type ByRisk = Readonly<Record<RiskName, number>>;

export function byRisk(of: (risk: RiskName) => number): ByRisk {
  return Object.fromEntries(RISKS.map((risk) => [risk, of(risk)])) as ByRisk;
}

export interface ProbeSign {
  readonly id: string;
  /** Words for a clinician. */
  readonly label: string;
  readonly unit: string;
  /** Which risk has to see it first; in place of hypotension, where the model does not foretell that, circulatory failure. */
  readonly risk: RiskName;
  readonly normal: number;
  /** From mild to worst, without the normal value; empty where medicine knows no harm that way. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** What is set together for a value of the sign: one list a source, such as line and cuff. */
  readonly settings: (value: number) => readonly (readonly Setting[])[];
}

const set = (id: string, value: number): Setting => ({ variable: variableIndex(id), value });
const alone =
  (id: string): ProbeSign['settings'] =>
  (value) => [[set(id, value)]];

/** A pulse pressure of six tenths of the mean, which is then a third of the way from diastolic to systolic. */
function pressures(mean: number): readonly (readonly Setting[])[] {
  return ['Invasive', 'Cuff'].map((source) => [
    set(`map${source}`, mean),
    set(`sbp${source}`, Math.round(1.4 * mean)),
    set(`dbp${source}`, Math.round(0.8 * mean)),
  ]);
}

/** Of a P/F the oxygen given is the same at each step, so that only PaO2 differs. */
const PROBED_FIO2 = 0.5;

type Row = readonly [
  id: string,
  label: string,
  unit: string,
  risk: RiskName,
  normal: number,
  low: readonly number[],
  high: readonly number[],
  settings: ProbeSign['settings'],
];

// biome-ignore format: one row a sign reads best
const ROWS: readonly Row[] = [
  ['map', 'Mean pressure', 'mm[Hg]', 'hypotension', 85, [75, 70, 65, 60, 55, 50, 45], [95, 105, 115, 125, 135, 145, 160], pressures],
  ['heartRate', 'Heart rate', '/min', 'hypotension', 80, [70, 60, 50, 45, 40, 35, 30], [95, 110, 120, 130, 140, 155, 170], alone('heartRate')],
  ['respRate', 'Respiratory rate', '/min', 'respiratory', 16, [14, 12, 10, 9, 8, 6, 4], [20, 24, 27, 30, 33, 36, 45], alone('respRate')],
  ['spo2', 'SpO2', '%', 'respiratory', 97, [95, 93, 91, 89, 85, 80, 75], [], alone('spo2')],
  ['temperature', 'Temperature', 'Cel', 'mortality', 37, [36.4, 36, 35.5, 35, 34, 32, 30.5], [37.8, 38.3, 38.8, 39.3, 39.8, 40.5, 41.5], alone('temperature')],
  // Of who breathes alone: a tube takes points too.
  ['gcs', 'Glasgow Coma Scale', '{score}', 'mortality', 15, [14, 13, 11, 9, 8, 5, 3], [], (value) => [[set('gcs', value), set('mechVent', 0)]]],
  ['oxygenation', 'PaO2/FiO2', 'mm[Hg]', 'respiratory', 420, [350, 300, 250, 200, 130, 80, 60], [], (value) => [[set('fio2', PROBED_FIO2), set('pao2', value * PROBED_FIO2)]]],
  ['ph', 'Arterial pH', '{pH}', 'mortality', 7.4, [7.37, 7.33, 7.29, 7.25, 7.21, 7.12, 7], [7.43, 7.46, 7.49, 7.52, 7.55, 7.59, 7.66], alone('ph')],
  ['lactate', 'Lactate', 'mmol/L', 'circulatory', 1, [], [1.6, 2.2, 2.8, 3.4, 4, 7, 12], alone('lactate')],
  ['potassium', 'Potassium', 'mmol/L', 'mortality', 4.2, [3.8, 3.5, 3.3, 3.1, 2.8, 2.5, 2.2], [4.7, 5.1, 5.5, 5.9, 6.2, 7, 8], alone('potassium')],
  ['sodium', 'Sodium', 'mmol/L', 'mortality', 140, [136, 133, 130, 127, 124, 120, 112], [144, 147, 150, 152, 155, 158, 168], alone('sodium')],
  ['calciumIonised', 'Ionised calcium', 'mmol/L', 'mortality', 1.18, [1.12, 1.06, 1, 0.95, 0.9, 0.82, 0.7], [1.24, 1.3, 1.36, 1.42, 1.48, 1.55, 1.8], alone('calciumIonised')],
  ['glucose', 'Glucose', 'mg/dL', 'mortality', 115, [95, 80, 70, 60, 52, 46, 30], [150, 190, 240, 300, 380, 484, 700], alone('glucose')],
  // Three times haemoglobin in g/dL is haematocrit in per cent.
  ['hemoglobin', 'Haemoglobin', 'g/dL', 'hypotension', 12.5, [11.5, 10.5, 9.5, 8.5, 7.5, 6.6, 5], [], (value) => [[set('hemoglobin', value), set('hematocrit', 3 * value)]]],
  ['creatinine', 'Creatinine', 'mg/dL', 'mortality', 0.9, [], [1.3, 1.8, 2.5, 3.5, 5, 8, 12], alone('creatinine')],
  ['bilirubin', 'Bilirubin', 'mg/dL', 'mortality', 0.7, [], [1.5, 2.5, 4, 6, 9, 14, 20], alone('bilirubin')],
  ['platelets', 'Platelets', '10*3/uL', 'mortality', 230, [180, 150, 120, 100, 70, 50, 20], [], alone('platelets')],
];

export const PROBE_SIGNS: readonly ProbeSign[] = ROWS.map(
  ([id, label, unit, risk, normal, low, high, settings]) => ({
    id,
    label,
    unit,
    risk,
    normal,
    low,
    high,
    settings,
  }),
);

/** Each ladder begins with the normal value and gets worse. */
export function laddersOf({ normal, low, high }: ProbeSign): readonly (readonly number[])[] {
  return [low, high].filter(({ length }) => length > 0).map((steps) => [normal, ...steps]);
}

/** What the table of directions calls a sign that is not one variable. */
const IN_TABLE: Readonly<Record<string, string>> = { map: 'derived.map', oxygenation: 'derived.pfRatio' };

/** The part of a ladder on which the table of directions says that each step is worse (src/clinical/monotone.ts); empty where it says nothing. */
export function judgedOf({ id }: ProbeSign, ladder: readonly number[]): readonly number[] {
  const row = MONOTONE.find((each) => each.id === (IN_TABLE[id] ?? id));
  const limit = ladder[1] < ladder[0] ? row?.low : row?.high;
  if (limit === undefined || limit === null) return [];
  return ladder.filter((value) => (ladder[1] < ladder[0] ? value <= limit : value >= limit));
}

/** Every value of a sign, ascending. */
export function valuesOf({ normal, low, high }: ProbeSign): readonly number[] {
  return [...low.toReversed(), normal, ...high];
}

/** Whether the sign comes from a laboratory: it is then given once, not again and again. */
export function isLab({ normal, settings }: ProbeSign): boolean {
  return settings(normal).some((source) => source.some(({ variable }) => VARIABLES[variable].kind === 'lab'));
}

/** The criteria of state that a value of a sign meets once it has lasted for so many minutes, in a patient who had the normal one. */
export function criteriaMet({ settings, normal }: ProbeSign, value: number, minutes: number): Criterion[] {
  const values: number[] = VARIABLES.map(() => Number.NaN);
  const ages = [...values];
  for (const { variable, value: set } of settings(value).flat()) {
    values[variable] = set;
    ages[variable] = 0;
  }
  return CRITERIA.filter((criterion) => {
    const { sign, direction } = criterion;
    const reading = SIGNS[sign].read(values, ages, 0, { direction, best: normal, spoke: -1 });
    return reading !== null && criterion.lastsMs <= minutes * MINUTE_MS && meets(reading, criterion);
  });
}
