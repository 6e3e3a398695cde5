import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DRUGS, doseOf, drugOf, drugOfCode, isPossibleRate, rateOf } from '../../src/clinical/drugs.js';

/** A dose in the drug's unit, of a rate as it is charted. */
function dose(id: string, rate: number, unit: string, weightKg: number | null = null): number | null {
  const drug = drugOf(id);
  const read = rateOf(drug, rate, unit);
  return read === null ? null : doseOf(drug, read, weightKg);
}

describe('drugs', () => {
  it.each([
    ['', 'Norepinephrine', 'norepinephrine'],
    ['', 'noradrenaline ', 'norepinephrine'],
    ['', 'ADRENALINE', 'epinephrine'],
    ['', 'epinephrine', 'epinephrine'],
    ['', 'argipressin', 'vasopressin'],
    ['ATC', 'c01ca03', 'norepinephrine'],
    ['atc', 'H01BA01', 'vasopressin'],
    ['RXNORM', '3628', 'dopamine'],
    ['RxNorm', '3616', 'dobutamine'],
    ['ATC', 'C01CX08', 'levosimendan'],
  ])('are known by code and by name: %s %s', (system, code, id) => {
    expect(drugOfCode(system, code)?.id).toBe(id);
  });

  it.each([
    ['', 'paracetamol'],
    ['ATC', '7512'],
    ['RXNORM', 'C01CA03'],
    ['SNOMED', '7512'],
    ['', ''],
    ['', 'constructor'],
  ])('are not taken for others: %s %s', (system, code) => {
    expect(drugOfCode(system, code)).toBeUndefined();
  });

  it('have a code each, and no two the same', () => {
    const codes = DRUGS.flatMap(({ atc, rxnorm, names }) => [
      atc,
      ...(rxnorm === null ? [] : [rxnorm]),
      ...names,
    ]);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('rates', () => {
  it.each([
    // 4 mg in an hour are 66.7 µg a minute: of 80 kg, 0.833 µg a kilogram.
    ['norepinephrine', 4, 'mg/h', 80, 0.8333],
    ['norepinephrine', 8, 'ug/min', 80, 0.1],
    ['norepinephrine', 8, 'mcg/min', 80, 0.1],
    ['norepinephrine', 0.1, 'µg/kg/min', null, 0.1],
    ['norepinephrine', 6, 'ug/kg/h', null, 0.1],
    ['epinephrine', 100, 'ng/kg/min', null, 0.1],
    ['dopamine', 0.3, 'mg/kg/h', null, 5],
    ['vasopressin', 1.8, 'U/h', null, 0.03],
    ['vasopressin', 30, 'mU/min', null, 0.03],
    ['vasopressin', 0.0004, '[iU]/kg/min', 75, 0.03],
  ])('%s %d %s of %s kg', (id, rate, unit, weight, expected) => {
    expect(dose(id, rate, unit, weight)).toBeCloseTo(expected, 4);
  });

  it('need a weight where they are not by weight', () => {
    expect(dose('norepinephrine', 4, 'mg/h')).toBeNaN();
    expect(dose('vasopressin', 0.0004, 'U/kg/min')).toBeNaN();
    expect(dose('vasopressin', 0.03, 'U/min')).toBe(0.03);
  });

  it.each([
    ['norepinephrine', 'mL/h'],
    ['norepinephrine', 'U/min'],
    ['vasopressin', 'mg/h'],
    ['norepinephrine', 'ug/kg'],
    ['norepinephrine', 'ug'],
    ['norepinephrine', 'ug/min/m2'],
    ['norepinephrine', ''],
    ['norepinephrine', 'constructor/toString'],
  ])('are not read where the unit says nothing of %s: %s', (id, unit) => {
    expect(dose(id, 5, unit, 80)).toBeNull();
  });

  it('are the same whatever the unit they come in', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 5, noNaN: true }),
        fc.integer({ min: 3, max: 200 }),
        (perKg, kg) => {
          for (const [unit, rate] of [
            ['ug/kg/h', perKg * 60],
            ['ng/kg/min', perKg * 1000],
            ['ug/min', perKg * kg],
            ['mg/h', (perKg * kg * 60) / 1000],
          ] as const)
            expect(dose('norepinephrine', rate, unit, kg)).toBeCloseTo(perKg, 9);
        },
      ),
    );
  });

  it('are not believed where only a mistake of the unit can be behind them', () => {
    const isPossible = (rate: number, unit: string, kg: number | null) => {
      const drug = drugOf('norepinephrine');
      return isPossibleRate(drug, rateOf(drug, rate, unit)!, kg);
    };
    expect(isPossible(3, 'ug/kg/min', null)).toBe(true);
    expect(isPossible(100, 'ug/kg/min', null)).toBe(false);
    expect(isPossible(4000, 'mg/h', 80)).toBe(false);
    expect(isPossible(4000, 'mg/h', null)).toBe(false);
    expect(isPossible(-1, 'ug/min', 80)).toBe(false);
  });
});
