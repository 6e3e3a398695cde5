import { describe, expect, it } from 'vitest';
import { INDEX_BY_CODE, VARIABLES, variableIndex } from '../../src/clinical/variables.js';

function convert(id: string, value: number, unit: string): number {
  const conversion = VARIABLES[variableIndex(id)].units.get(unit);
  if (conversion === undefined) throw new Error(`${id} is not accepted in ${unit}`);
  return value * conversion.scale + conversion.offset;
}

describe('the clinical vocabulary', () => {
  it('has each code once', () => {
    const codes = VARIABLES.flatMap(({ id, code, aliases }) => [...new Set([id, code, ...aliases])]);
    expect(new Set(codes).size).toBe(codes.length);
    expect(INDEX_BY_CODE.size).toBe(codes.length);
  });

  it('keeps the plausible range within the possible one, and accepts the canonical unit as it is', () => {
    for (const { possible, plausible, unit, units } of VARIABLES) {
      expect(plausible[0]).toBeGreaterThanOrEqual(possible[0]);
      expect(plausible[1]).toBeLessThanOrEqual(possible[1]);
      expect(units.get(unit)).toEqual({ scale: 1, offset: 0 });
    }
  });

  it.each([
    ['creatinine', 88.4, 'µmol/L', 1.0],
    ['bilirubin', 17.1, 'umol/L', 1.0],
    ['temperature', 98.6, '°F', 37],
    ['temperature', 310.15, 'K', 37],
    ['fio2', 40, '%', 0.4],
    ['sbpInvasive', 16, 'kPa', 120.01],
    ['pao2', 10, 'kPa', 75.006],
    ['glucose', 5.5, 'mmol/L', 99.09],
    ['bun', 10, 'mmol/L', 28.014],
    ['lactate', 18, 'mg/dL', 2],
    ['magnesium', 1, 'mmol/L', 2.43],
    ['hemoglobin', 120, 'g/L', 12],
    ['albumin', 35, 'g/L', 3.5],
    ['weight', 154.3, 'lb', 69.99],
    ['troponinT', 14, 'ng/L', 0.014],
    ['platelets', 150, '10*9/L', 150],
  ])('%s %d %s is %d in the canonical unit', (id, value, unit, expected) => {
    expect(convert(id, value, unit) / expected).toBeCloseTo(1, 2);
  });

  it('names the variable it does not know', () => {
    expect(() => variableIndex('nonsense')).toThrow('nonsense');
  });
});
