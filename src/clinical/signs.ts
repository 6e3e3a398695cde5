/**
 * Signs that criteria of a state are about, and how each is read from last known values. Sources:
 * [R] Rice et al., "Comparison of the SpO2/FIO2 ratio and the PaO2/FIO2 ratio", Chest 2007;132:410-417.
 */
import { MAX_VITAL_AGE_MS } from './bedside.js';
import { isSilentBeside, SILENT_MONITOR_MS } from './sources.js';
import { variableIndex } from './variables.js';

const HOUR_MS = 3_600_000;

/** What criteria are about: a measured sign, or one told from two. */
export type SignId = keyof typeof SIGNS;

/** The newest value of a sign. */
export interface Reading {
  readonly value: number;
  /** When it was observed, in milliseconds since the epoch. */
  readonly at: number;
  /** The variable it comes from. */
  readonly variable: number;
}

type Reader = (values: Float32Array, ages: Float32Array, now: number) => Reading | null;

/** A laboratory value older than this says nothing of the present. Ours: most are drawn at least daily. */
export const MAX_LAB_AGE_MS = 24 * HOUR_MS;
/** Beyond it SpO2 says little of PaO2, since the dissociation curve is flat [R]. */
export const MAX_SF_SPO2 = 97;
/** S/F 235 corresponds to P/F 200 [R]; a ratio of SpO2 is given on the scale of P/F by it. */
const SF_TO_PF = 200 / 235;

/** Signs and how each is read from last known values and their ages (ms), by variable index; NaN where never seen. */
export const SIGNS = {
  map: { label: 'mean pressure', unit: 'mm[Hg]', read: newestOf(MAX_VITAL_AGE_MS, 'mapInvasive', 'mapCuff') },
  sbp: {
    label: 'systolic pressure',
    unit: 'mm[Hg]',
    read: newestOf(MAX_VITAL_AGE_MS, 'sbpInvasive', 'sbpCuff'),
  },
  heartRate: { label: 'heart rate', unit: '/min', read: newestOf(MAX_VITAL_AGE_MS, 'heartRate') },
  respRate: { label: 'respiratory rate', unit: '/min', read: newestOf(MAX_VITAL_AGE_MS, 'respRate') },
  spo2: { label: 'oxygen saturation', unit: '%', read: newestOf(MAX_VITAL_AGE_MS, 'spo2', 'sao2') },
  temperature: { label: 'temperature', unit: 'Cel', read: newestOf(MAX_VITAL_AGE_MS, 'temperature') },
  gcs: { label: 'Glasgow Coma Scale', unit: '{score}', read: newestOf(MAX_VITAL_AGE_MS, 'gcs') },
  oxygenation: { label: 'PaO2/FiO2', unit: 'mm[Hg]', read: readOxygenation },
  lactate: lab('lactate', 'mmol/L', 'lactate'),
  potassium: lab('potassium', 'mmol/L', 'potassium'),
  sodium: lab('sodium', 'mmol/L', 'sodium'),
  calciumIonised: lab('ionised calcium', 'mmol/L', 'calciumIonised'),
  glucose: lab('glucose', 'mg/dL', 'glucose'),
  ph: lab('arterial pH', '{pH}', 'ph'),
  hemoglobin: lab('haemoglobin', 'g/dL', 'hemoglobin'),
} as const;

/** The preferred of some variables, the first, unless it is silent beside another. */
function newestOf(maxAgeMs: number, ...ids: readonly string[]): Reader {
  const variables = ids.map(variableIndex);
  return (values, ages, now) => {
    let best = -1;
    for (const variable of variables) {
      // A value never seen has no age: the comparison is false.
      if (!(ages[variable] <= maxAgeMs)) continue;
      if (best < 0 || isSilentBeside(ages[best], ages[variable], SILENT_MONITOR_MS)) best = variable;
    }
    return best < 0 ? null : { value: values[best], at: now - ages[best], variable: best };
  };
}

function lab(label: string, unit: string, id: string): { label: string; unit: string; read: Reader } {
  return { label, unit, read: newestOf(MAX_LAB_AGE_MS, id) };
}

const PAO2 = variableIndex('pao2');
const SPO2 = variableIndex('spo2');
const FIO2 = variableIndex('fio2');

/**
 * PaO2/FiO2 in mmHg, or, where SpO2 of at most 97 % is newer than the last blood gas, SpO2/FiO2 on the same scale. Null where the
 * inspired oxygen is not known: room air is not assumed.
 */
function readOxygenation(values: Float32Array, ages: Float32Array, now: number): Reading | null {
  const fio2 = values[FIO2];
  if (!(ages[FIO2] <= MAX_VITAL_AGE_MS) || !(fio2 > 0)) return null;
  const gasAge = ages[PAO2] <= MAX_VITAL_AGE_MS ? ages[PAO2] : Number.POSITIVE_INFINITY;
  const isBySpo2 = ages[SPO2] <= MAX_VITAL_AGE_MS && ages[SPO2] < gasAge && values[SPO2] <= MAX_SF_SPO2;
  if (isBySpo2) return { value: (values[SPO2] / fio2) * SF_TO_PF, at: now - ages[SPO2], variable: SPO2 };
  if (gasAge === Number.POSITIVE_INFINITY) return null;
  return { value: values[PAO2] / fio2, at: now - gasAge, variable: PAO2 };
}
