import { MAX_LAB_AGE_MS, MAX_VITAL_AGE_MS } from '../../../../src/clinical/bedside.js';
import { NEWS2_INPUTS } from '../../../../src/clinical/news2.js';
import { SOFA_PARTS, type SofaPart } from '../../../../src/clinical/sofa.js';
import { isSilentBeside, SILENT_MONITOR_MS } from '../../../../src/clinical/sources.js';
import type { PatientView } from '../protocol.js';

/** Variables of an input; of several the one that speaks, as scores take it. */
type Input = readonly [label: string, variables: readonly string[]];

const INPUTS: Readonly<Record<SofaPart, readonly Input[]>> = {
  respiration: [
    ['PaO₂', ['pao2']],
    ['FiO₂', ['fio2']],
  ],
  coagulation: [['Platelets', ['platelets']]],
  liver: [['Bilirubin', ['bilirubin']]],
  cardiovascular: [['Mean BP', ['mapInvasive', 'mapCuff']]],
  nervous: [['GCS', ['gcs']]],
  renal: [['Creatinine', ['creatinine']]],
};
const NAMES: Readonly<Record<SofaPart, string>> = {
  respiration: 'Respiration',
  coagulation: 'Coagulation',
  liver: 'Liver',
  cardiovascular: 'Circulation',
  nervous: 'Consciousness',
  renal: 'Kidney',
};
const NEWS2_TEXT: Readonly<Record<string, string>> = {
  respRate: 'respiratory rate',
  spo2: 'SpO₂',
  supplementalOxygen: 'oxygen given',
  sbp: 'systolic BP',
  heartRate: 'heart rate',
  alert: 'consciousness',
  temperature: 'temperature',
};
/** States that say that a vasopressor runs, or may. */
const DRUGS: ReadonlySet<string> = new Set(['vasopressor', 'vasopressor-unknown']);
const LABS: ReadonlySet<string> = new Set(['platelets', 'bilirubin', 'creatinine']);

/** A value that a part rests on, or why it rests on none. */
export interface Basis {
  readonly label: string;
  readonly variable: string;
  /** Null: never measured. */
  readonly value: number | null;
  readonly unit: string;
  readonly ageMs: number;
  /** It is too old to count. */
  readonly isOld: boolean;
}

/** One part of SOFA. */
export interface SofaRow {
  readonly name: string;
  /** 0 to 4; null: not known. */
  readonly points: number | null;
  readonly basis: readonly Basis[];
  /** Drugs that it rests on too, as the patient's states say them. */
  readonly drugs: readonly string[];
}

/** SOFA part by part with the values it rests on, and what is missing. */
export function sofaRows(
  { sofa, values, states }: Pick<PatientView, 'sofa' | 'values' | 'states'>,
  now: number,
): SofaRow[] {
  const drugs = states.filter(({ criterion }) => DRUGS.has(criterion)).map(({ label }) => label);
  return SOFA_PARTS.map((part) => ({
    name: NAMES[part],
    points: sofa?.[part] ?? null,
    basis: INPUTS[part].map((input) => basisOf(input, values, now)),
    drugs: part === 'cardiovascular' ? drugs : [],
  }));
}

function basisOf([label, [first, other]]: Input, values: PatientView['values'], now: number): Basis {
  const age = (id: string | undefined) =>
    id === undefined || values[id] === undefined ? Number.NaN : Math.max(0, now - values[id].at);
  const isOther =
    other !== undefined &&
    values[other] !== undefined &&
    (values[first] === undefined || isSilentBeside(age(first), age(other), SILENT_MONITOR_MS));
  const variable = isOther ? other : first;
  const view = values[variable];
  const ageMs = age(variable);
  const isOld = ageMs > (LABS.has(variable) ? MAX_LAB_AGE_MS : MAX_VITAL_AGE_MS);
  return { label, variable, value: view?.value ?? null, unit: view?.unit ?? '', ageMs, isOld };
}

/** How many of NEWS2's inputs are known, and the others in words. */
export function news2Inputs({ news2, news2Missing }: Pick<PatientView, 'news2' | 'news2Missing'>): {
  readonly known: number;
  readonly of: number;
  readonly missing: readonly string[];
} {
  const missing = news2 === null ? NEWS2_INPUTS : news2Missing;
  const of = NEWS2_INPUTS.length;
  return { known: of - missing.length, of, missing: missing.map((input) => NEWS2_TEXT[input] ?? input) };
}
