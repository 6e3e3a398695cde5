/**
 * Vasopressors and inotropes: their codes and names, and the units of their rates. Sources: ATC codes, WHO Collaborating Centre for
 * Drug Statistics Methodology, ATC/DDD index 2024; RxNorm ingredients, US National Library of Medicine. What a rate can be at
 * most is ours: many times what is given, so that only a mistake of the unit is beyond it.
 */

/** Of the first SOFA counts the dose: src/clinical/sofa.ts. Where several run, the first is named. */
const ROWS = [
  ['norepinephrine', 'Noradrenaline', 'noradrenaline', 'C01CA03', '7512', 'ug', 20],
  ['epinephrine', 'Adrenaline', 'adrenaline', 'C01CA24', '3992', 'ug', 20],
  ['vasopressin', 'Vasopressin', 'argipressin', 'H01BA01', '11149', 'U', 5],
  ['phenylephrine', 'Phenylephrine', null, 'C01CA06', '8163', 'ug', 100],
  ['dopamine', 'Dopamine', null, 'C01CA04', '3628', 'ug', 200],
  ['dobutamine', 'Dobutamine', null, 'C01CA07', '3616', 'ug', 200],
  ['milrinone', 'Milrinone', null, 'C01CE02', null, 'ug', 20],
  ['levosimendan', 'Levosimendan', null, 'C01CX08', null, 'ug', 5],
] as const;

export type DrugId = (typeof ROWS)[number][0];

export interface Drug {
  /** Its name in the United States. */
  readonly id: DrugId;
  /** Its name in the United Kingdom, as it is shown. */
  readonly label: string;
  /** Names it is known by, in small letters. */
  readonly names: readonly string[];
  readonly atc: string;
  /** Concept id of the ingredient; null: not given here. */
  readonly rxnorm: string | null;
  /** Of its dose: µg by body weight, or units in all. */
  readonly unit: 'ug/kg/min' | 'U/min';
  /** Beyond it no dose is believed, in `unit`. */
  readonly most: number;
}

export const DRUGS: readonly Drug[] = ROWS.map(([id, label, name, atc, rxnorm, amount, most]) => ({
  id,
  label,
  names: [id, ...(name === null ? [] : [name])],
  atc,
  rxnorm,
  unit: amount === 'U' ? 'U/min' : 'ug/kg/min',
  most,
}));

const BY_CODE = new Map<string, Drug>(
  DRUGS.flatMap((drug) => [
    ...drug.names.map((name) => [`:${name}`, drug] as const),
    [`ATC:${drug.atc}`, drug] as const,
    ...(drug.rxnorm === null ? [] : [[`RXNORM:${drug.rxnorm}`, drug] as const]),
  ]),
);
const BY_ID = new Map<string, Drug>(DRUGS.map((drug) => [drug.id, drug]));

/** The drug of a code, or of a name where `system` is empty; undefined where it is none of these. */
export function drugOfCode(system: string, code: string): Drug | undefined {
  const isName = system.trim() === '';
  return BY_CODE.get(
    `${system.trim().toUpperCase()}:${isName ? code.trim().toLowerCase() : code.trim().toUpperCase()}`,
  );
}

/** The drug with an id. @throws Error where there is none. */
export function drugOf(id: string): Drug {
  const drug = BY_ID.get(id);
  if (drug === undefined) throw new Error(`no drug has id ${id}`);
  return drug;
}

/** A rate that is read: in µg or units a minute, by body weight or in all. */
export interface Rate {
  readonly perMinute: number;
  readonly isPerKg: boolean;
}

/** UCUM, and the spellings that pumps and charts really send. */
const MASSES = new Map(Object.entries({ ng: 0.001, ug: 1, µg: 1, μg: 1, mcg: 1, mg: 1000, g: 1_000_000 }));
const THOUSANDTHS = ['mU', 'mIU', 'm[IU]', 'm[iU]'].map((unit) => [unit, 0.001] as const);
const UNITS = new Map([
  ...['U', 'u', 'units', 'IU', '[IU]', '[iU]'].map((unit) => [unit, 1] as const),
  ...THOUSANDTHS,
]);
const MINUTES = new Map(Object.entries({ min: 1, h: 60, hr: 60, hour: 60 }));

/** A rate in its unit, such as `mg/h` or `ug/kg/min`; null where the drug is not given in that unit. */
export function rateOf({ unit }: Drug, rate: number, as: string): Rate | null {
  const [amount, ...per] = as.replaceAll(' ', '').split('/');
  const isPerKg = per[0] === 'kg';
  const [time, ...rest] = isPerKg ? per.slice(1) : per;
  const factor = (unit === 'U/min' ? UNITS : MASSES).get(amount);
  const minutes = MINUTES.get(time);
  if (factor === undefined || minutes === undefined || rest.length > 0) return null;
  return { perMinute: (rate * factor) / minutes, isPerKg };
}

/** The dose in the drug's unit; NaN where it needs a weight that is not known. */
export function doseOf({ unit }: Drug, { perMinute, isPerKg }: Rate, weightKg: number | null): number {
  if (isPerKg === (unit === 'ug/kg/min')) return perMinute;
  if (weightKg === null) return Number.NaN;
  return isPerKg ? perMinute * weightKg : perMinute / weightKg;
}

/** Body weight is not above it, in kg: bounds the rate of a patient whose weight is not known. */
const HEAVIEST_KG = 650;

/** Whether a patient can be given that much. */
export function isPossibleRate(drug: Drug, rate: Rate, weightKg: number | null): boolean {
  const dose = doseOf(drug, rate, weightKg ?? (rate.isPerKg ? 1 : HEAVIEST_KG));
  return dose >= 0 && dose <= drug.most;
}
