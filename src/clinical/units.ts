import { type ReadUnit, readUnit } from './unit-reader.js';

/**
 * How a measured value becomes the canonical unit: `canonical = value × scale + offset`.
 * Unit strings are UCUM (https://ucum.org) plus the spellings monitors and laboratories really send.
 */
export interface UnitConversion {
  readonly scale: number;
  readonly offset: number;
}

const IDENTITY: UnitConversion = { scale: 1, offset: 0 };

/** Spellings accepted for one UCUM unit. The first is the canonical UCUM code. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  '/min': ['/min', 'bpm', '1/min', 'breaths/min', 'beats/min', '{beats}/min', '{breaths}/min'],
  'mm[Hg]': ['mm[Hg]', 'mmHg', 'mm Hg'],
  kPa: ['kPa'],
  'cm[H2O]': ['cm[H2O]', 'cmH2O'],
  Cel: ['Cel', '°C', 'C', 'degC'],
  '[degF]': ['[degF]', '°F', 'F', 'degF'],
  K: ['K'],
  '%': ['%'],
  '1': ['1', 'fraction', '{fraction}', ''],
  '{score}': ['{score}', 'score', 'points', '1', ''],
  '{bool}': ['{bool}', 'bool', '1', ''],
  mL: ['mL', 'ml', 'cc'],
  L: ['L', 'l'],
  'L/min': ['L/min', 'l/min', 'lpm'],
  kg: ['kg'],
  g: ['g'],
  '[lb_av]': ['[lb_av]', 'lb', 'lbs'],
  cm: ['cm'],
  m: ['m'],
  '[in_i]': ['[in_i]', 'in', 'inch'],
  'mmol/L': ['mmol/L', 'mmol/l', 'mM'],
  'meq/L': ['meq/L', 'mEq/L', 'mEq/l'],
  'umol/L': ['umol/L', 'µmol/L', 'μmol/L', 'umol/l'],
  'mg/dL': ['mg/dL', 'mg/dl'],
  'mg/L': ['mg/L', 'mg/l'],
  'g/dL': ['g/dL', 'g/dl'],
  'g/L': ['g/L', 'g/l'],
  'U/L': ['U/L', 'IU/L', '[IU]/L', 'u/L'],
  '10*3/uL': ['10*3/uL', 'K/uL', '10*9/L', 'x10^9/L', '10^3/uL', 'x10E3/uL'],
  'ng/mL': ['ng/mL', 'ng/ml', 'ug/L', 'µg/L'],
  'ng/L': ['ng/L', 'pg/mL'],
  '{pH}': ['{pH}', '[pH]', 'pH', '1', ''],
  '{INR}': ['{INR}', 'INR', '1', ''],
};

/** Unit codes that stand beside a canonical unit, with the factor (and offset) into it. */
export type AcceptedUnits = Readonly<Record<string, number | UnitConversion>>;

/** kPa → mmHg: 1 mmHg = 133.322 Pa (NIST SP 811, appendix B). */
export const KPA: AcceptedUnits = { kPa: 7.500_62 };
/** cmH2O → mmHg: 1 cmH2O = 98.0665 Pa, 1 mmHg = 133.322 Pa (NIST SP 811, appendix B). */
export const CM_H2O: AcceptedUnits = { 'cm[H2O]': 0.735_56 };
/** °F → °C and K → °C, exact by definition. */
export const TEMPERATURE: AcceptedUnits = {
  '[degF]': { scale: 5 / 9, offset: -160 / 9 },
  K: { scale: 1, offset: -273.15 },
};
/** Percent → fraction. */
export const PERCENT: AcceptedUnits = { '%': 0.01 };

/** Spellings that are remembered of what senders write, of one variable. */
const MOST_READ = 500;

/**
 * The units of a variable: every spelling that is listed, and what else reads as one of these units. Only those that are listed are in
 * `keys`.
 */
class UnitTable extends Map<string, UnitConversion> {
  readonly #read = new Map<string, UnitConversion | undefined>();
  readonly #forms: readonly { readonly unit: ReadUnit; readonly conversion: UnitConversion }[];

  /** `units` are UCUM codes with their conversions, the canonical one first. */
  constructor(
    listed: readonly (readonly [string, UnitConversion])[],
    units: readonly (readonly [string, UnitConversion])[],
  ) {
    super(listed);
    this.#forms = units.flatMap(([code, conversion]) => {
      const unit = readUnit(code, () => true);
      return unit === null ? [] : [{ unit, conversion }];
    });
  }

  override get(text: string): UnitConversion | undefined {
    return super.get(text) ?? (text === '' ? undefined : this.#spelled(text));
  }

  override has(text: string): boolean {
    return this.get(text) !== undefined;
  }

  #spelled(text: string): UnitConversion | undefined {
    if (this.#read.has(text)) return this.#read.get(text);
    const conversion = this.#convert(text);
    if (this.#read.size >= MOST_READ) this.#read.clear();
    this.#read.set(text, conversion);
    return conversion;
  }

  #convert(text: string): UnitConversion | undefined {
    const words = WORDS.get(text.toLowerCase().replace(/[\s.]/g, ''));
    if (words !== undefined) return super.get(words);
    const formOf = ({ dimension }: ReadUnit) => this.#forms.find(({ unit }) => unit.dimension === dimension);
    const read = readUnit(text, (unit) => formOf(unit) !== undefined);
    const form = read === null ? undefined : formOf(read);
    if (read === null || form === undefined) return undefined;
    const scale = (form.conversion.scale * read.factor) / form.unit.factor;
    return { scale: Number(scale.toPrecision(12)), offset: form.conversion.offset };
  }
}

/** What people write for units that have no factor alone, without spaces and in small letters. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ...['cel', 'c', 'degc', '°c', 'ºc', 'c°', 'celsius', 'degreesc', 'degreescelsius', 'degreecelsius'].map(
    (word) => [word, 'Cel'] as const,
  ),
  ...['degf', 'f', '°f', 'ºf', 'fahrenheit', 'degreesf', 'degreesfahrenheit'].map(
    (word) => [word, '[degF]'] as const,
  ),
  ...['lpm', 'lit/min'].map((word) => [word, 'L/min'] as const),
]);

/** Every accepted spelling of a variable's units, mapped to its conversion. */
export function unitTable(canonical: string, accepted: AcceptedUnits): ReadonlyMap<string, UnitConversion> {
  const table = new Map<string, UnitConversion>();
  const units: [string, UnitConversion][] = [[canonical, IDENTITY]];
  for (const spelling of spellings(canonical)) table.set(spelling, IDENTITY);
  for (const [unit, conversion] of Object.entries(accepted)) {
    const value = typeof conversion === 'number' ? { scale: conversion, offset: 0 } : conversion;
    if (value.offset === 0) units.push([unit, value]);
    // No unit at all is never taken for another unit than the canonical one.
    for (const spelling of spellings(unit)) {
      if (spelling !== '' && !table.has(spelling)) table.set(spelling, value);
    }
  }
  return new UnitTable([...table], units);
}

function spellings(unit: string): readonly string[] {
  const known = SPELLINGS[unit];
  if (known === undefined)
    throw new Error(`no spellings are known for unit ${unit}; add it to SPELLINGS in src/clinical/units.ts`);
  return known;
}
