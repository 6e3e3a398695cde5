import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KPA, PERCENT, TEMPERATURE, unitTable } from '../../src/clinical/units.js';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';

/** `value` of `unit` in the canonical unit of a table. */
function convert(table: ReturnType<typeof unitTable>, value: number, unit: string): number {
  const conversion = table.get(unit);
  if (conversion === undefined) throw new Error(`${unit} is not in the table`);
  return value * conversion.scale + conversion.offset;
}

describe('unitTable', () => {
  it.each(['kPa'])('pressure: 10 %s is 75.006 mmHg', (unit) => {
    expect(convert(unitTable('mm[Hg]', KPA), 10, unit)).toBeCloseTo(75.006, 3);
  });

  it.each(['[degF]', '°F', 'F', 'degF'])('temperature: the fixed points in %s', (unit) => {
    const table = unitTable('Cel', TEMPERATURE);
    expect(convert(table, 98.6, unit)).toBeCloseTo(37, 9);
    expect(convert(table, 32, unit)).toBeCloseTo(0, 9);
    expect(convert(table, 212, unit)).toBeCloseTo(100, 9);
    expect(convert(table, -40, unit)).toBeCloseTo(-40, 9);
  });

  it('temperature: 0 K is absolute zero', () => {
    expect(convert(unitTable('Cel', TEMPERATURE), 0, 'K')).toBe(-273.15);
  });

  it('fraction: 40 % is 0.4', () => {
    expect(convert(unitTable('1', PERCENT), 40, '%')).toBeCloseTo(0.4, 12);
  });

  it('takes a value without a unit for the canonical unit or for none', () => {
    expect(unitTable('%', { '1': 100 }).has('')).toBe(false);
    expect(unitTable('%', { '1': 100 }).get('1')).toEqual({ scale: 100, offset: 0 });
    expect(unitTable('1', PERCENT).get('')).toEqual({ scale: 1, offset: 0 });
  });

  it('takes every spelling of the canonical unit as it is', () => {
    for (const spelling of ['mm[Hg]', 'mmHg', 'mm Hg']) {
      expect(convert(unitTable('mm[Hg]', {}), 120, spelling)).toBe(120);
    }
    for (const spelling of ['10*3/uL', 'K/uL', '10*9/L', 'x10^9/L']) {
      expect(convert(unitTable('10*3/uL', {}), 250, spelling)).toBe(250);
    }
  });

  it('reads a spelling that two units share as the canonical one', () => {
    expect(convert(unitTable('{score}', { '1': 100 }), 15, '')).toBe(15);
  });

  it('knows both the micro sign and the Greek letter', () => {
    const table = unitTable('mg/dL', { 'umol/L': 0.011_312 });
    expect(table.get('\u00b5mol/L')).toEqual(table.get('\u03bcmol/L'));
    expect(convert(table, 88.4, '\u03bcmol/L')).toBeCloseTo(1, 4);
  });

  it('does not take a unit it was not told of', () => {
    expect(unitTable('mm[Hg]', {}).has('kPa')).toBe(false);
    expect(unitTable('mm[Hg]', KPA).has('cm')).toBe(false);
  });

  it('refuses a unit without spellings, by name', () => {
    expect(() => unitTable('furlong', {})).toThrow('furlong');
    expect(() => unitTable('kg', { stone: 6.35 })).toThrow('stone');
  });
});

/** What the vocabulary accepts, against conversion factors from molar masses, by definition or per NIST SP 811. */
describe('units of the vocabulary', () => {
  it.each([
    ['creatinine', 88.4, 'umol/L', 1],
    ['creatinine', 10, 'mg/L', 1],
    ['bilirubin', 17.104, 'umol/L', 1],
    ['glucose', 10, 'mmol/L', 180.156],
    ['bun', 1, 'mmol/L', 2.8014],
    ['magnesium', 2, 'mEq/L', 2.4305],
    ['calciumIonised', 4.0078, 'mg/dL', 1],
    ['calciumIonised', 2.4, 'mEq/L', 1.2],
    ['lactate', 9.008, 'mg/dL', 1],
    ['cholesterol', 5, 'mmol/L', 193.325],
    ['sodium', 140, 'mEq/L', 140],
    ['paco2', 5.333, 'kPa', 40],
    ['sao2', 0.97, 'fraction', 97],
    ['hematocrit', 0.41, '1', 41],
    ['hemoglobin', 140, 'g/L', 14],
    ['crp', 1.5, 'mg/dL', 15],
    ['troponinI', 40, 'pg/mL', 0.04],
    ['urine', 0.25, 'L', 250],
    ['weight', 70_000, 'g', 70],
    ['weight', 100, '[lb_av]', 45.359_237],
  ])('%s: %d %s is %d', (id, value, unit, expected) => {
    expect(convert(VARIABLES[variableIndex(id)].units, value, unit) / expected).toBeCloseTo(1, 4);
  });

  it('keeps the order of values whatever the unit', () => {
    const tables = VARIABLES.flatMap(({ units }) => [...units.values()]);
    for (const { scale } of tables) expect(scale).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.constantFrom(...tables), fc.integer(), fc.nat(), ({ scale, offset }, low, more) => {
        expect((low + more) * scale + offset).toBeGreaterThanOrEqual(low * scale + offset);
      }),
    );
  });
});
