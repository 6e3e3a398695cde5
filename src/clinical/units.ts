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
/** °F → °C and K → °C, exact by definition. */
export const TEMPERATURE: AcceptedUnits = {
  '[degF]': { scale: 5 / 9, offset: -160 / 9 },
  K: { scale: 1, offset: -273.15 },
};
/** Percent → fraction. */
export const PERCENT: AcceptedUnits = { '%': 0.01 };

/** Every accepted spelling of a variable's units, mapped to its conversion. */
export function unitTable(canonical: string, accepted: AcceptedUnits): ReadonlyMap<string, UnitConversion> {
  const table = new Map<string, UnitConversion>();
  for (const spelling of spellings(canonical)) table.set(spelling, IDENTITY);
  for (const [unit, conversion] of Object.entries(accepted)) {
    const value = typeof conversion === 'number' ? { scale: conversion, offset: 0 } : conversion;
    // No unit at all is never taken for another unit than the canonical one.
    for (const spelling of spellings(unit)) {
      if (spelling !== '' && !table.has(spelling)) table.set(spelling, value);
    }
  }
  return table;
}

function spellings(unit: string): readonly string[] {
  const known = SPELLINGS[unit];
  if (known === undefined)
    throw new Error(`no spellings are known for unit ${unit}; add it to SPELLINGS in src/clinical/units.ts`);
  return known;
}
