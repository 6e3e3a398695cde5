import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readUnit } from '../../src/clinical/unit-reader.js';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';

/** What senders write, the variable, and one of it in the canonical unit: by hand. */
const SPELLED: readonly (readonly [variable: string, unit: string, one: number])[] = [
  ['wbc', 'K/mcL', 1],
  ['wbc', '10^9/L', 1],
  ['wbc', 'thou/uL', 1],
  ['wbc', 'x10(9)/L', Number.NaN],
  ['wbc', 'X10E9/L', 1],
  ['wbc', 'G/L', 1],
  ['wbc', '{cells}/uL', 0.001],
  ['wbc', '/mm3', 0.001],
  ['wbc', '10*3/mm^3', 1],
  ['wbc', 'giga.l-1', 1],
  ['wbc', 'Thousand/cumm', 1],
  ['wbc', '×10⁹/L', 1],
  ['heartRate', '{Beats}/min', 1],
  ['heartRate', '{beat}/min', 1],
  ['heartRate', 'beats per minute', 1],
  ['heartRate', 'BPM', 1],
  ['heartRate', 'min-1', 1],
  ['respRate', 'resp/min', 1],
  ['respRate', 'rpm', 1],
  ['respRate', '/h', 1 / 60],
  ['alt', '[iU]/L', 1],
  ['alt', 'ukat/L', 60],
  ['alt', 'mU/mL', 1],
  ['glucose', 'MMOL/L', 18.0156],
  ['glucose', 'MG/DL', 1],
  ['creatinine', 'mmol/L', 11.312],
  ['hematocrit', 'L/L', 100],
  ['temperature', 'deg C', 1],
  ['temperature', 'Celsius', 1],
  ['oxygenFlow', 'LPM', 1],
  ['oxygenFlow', 'mL/min', 0.001],
  ['hemoglobin', 'G/DL', 1],
  ['hemoglobin', 'g/mL', 100],
  ['hemoglobin', 'gm/dl', 1],
  ['sodium', 'mval/l', 1],
  ['potassium', 'mEq/L', 1],
  ['troponinI', 'PG/ML', 0.001],
  ['mapInvasive', 'MMHG', 1],
  ['mapInvasive', 'mbar', 0.750_062],
  ['cvp', 'cmH2O', 0.735_56],
  ['weight', 'pounds', 0.453_592_37],
  ['weight', 'KG', 1],
  ['urine', 'cc', 1],
  ['fio2', 'percent', 0.01],
  // Another quantity, or none.
  ['glucose', 'mmHg', Number.NaN],
  ['heartRate', 'Hz', Number.NaN],
  ['gcs', '%', Number.NaN],
  ['ph', 'mmol/L', Number.NaN],
  ['wbc', 'g/L', Number.NaN],
  ['hemoglobin', '10*9/L', Number.NaN],
  ['sbpCuff', 'cm', Number.NaN],
  ['weight', 'constructor', Number.NaN],
];

describe('units as senders write them', () => {
  it.each(SPELLED)('%s in %s: one is %d of the canonical unit', (id, unit, one) => {
    const conversion = VARIABLES[variableIndex(id)].units.get(unit);
    if (Number.isNaN(one)) expect(conversion).toBeUndefined();
    else expect((conversion?.scale ?? Number.NaN) / one).toBeCloseTo(1, 5);
  });

  it('agrees with the table on every spelling that it reads', () => {
    let read = 0;
    for (const { units, unit: canonical } of VARIABLES) {
      const base = readUnit(canonical, () => true);
      for (const [spelling, { scale, offset }] of units) {
        const unit = readUnit(spelling, (each) => each.dimension === base?.dimension);
        if (base === null || unit === null || offset !== 0) continue;
        // Only where factors alone convert: by molar mass they do not.
        read++;
        expect([spelling, scale / (unit.factor / base.factor)]).toEqual([spelling, expect.closeTo(1, 4)]);
      }
    }
    expect(read).toBeGreaterThan(100);
  });

  it('never throws, and gives a number or nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const unit = readUnit(text, () => true);
        expect(unit === null || Number.isFinite(unit.factor)).toBe(true);
        for (const { units } of VARIABLES.slice(0, 3)) units.get(text);
      }),
      { numRuns: 50 },
    );
  });
});
