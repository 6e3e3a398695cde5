import { describe, expect, it } from 'vitest';
import { sofaCardiovascular, sofaRenal, sofaRespiration } from '../../src/clinical/sofa.js';

/** Beyond the rows of table 3, which scores.test.ts goes through: units, unknown support, partial inputs. */
describe('SOFA respiration', () => {
  it('divides PaO2 by FiO2 as a fraction', () => {
    expect(sofaRespiration(80, 0.21, false)).toBe(1);
    expect(sofaRespiration(80, 0.5, true)).toBe(3);
    expect(sofaRespiration(80, 1, true)).toBe(4);
  });

  it('does not give the points of respiratory support where support is unknown', () => {
    expect(sofaRespiration(80, 1, null)).toBe(2);
  });

  it('is unknown without FiO2', () => {
    expect(sofaRespiration(80, null, true)).toBeNull();
  });
});

describe('SOFA cardiovascular', () => {
  const unknown = { dopamine: null, dobutamine: null, epinephrine: null, norepinephrine: null };

  it('takes the worst drug, and needs no pressure with one', () => {
    expect(sofaCardiovascular(null, { ...unknown, norepinephrine: 0.05 })).toBe(3);
    expect(sofaCardiovascular(null, { ...unknown, dopamine: 4, norepinephrine: 0.2 })).toBe(4);
    expect(sofaCardiovascular(80, { ...unknown, dobutamine: 30 })).toBe(2);
  });

  it('goes by the pressure where no drug runs', () => {
    expect(sofaCardiovascular(69, unknown)).toBe(1);
    expect(sofaCardiovascular(70, unknown)).toBe(0);
    expect(sofaCardiovascular(null, unknown)).toBeNull();
  });
});

describe('SOFA renal', () => {
  it('steps from 1 to 2 at 2.0 mg/dL', () => {
    expect([1.9, 2].map((creatinine) => sofaRenal(creatinine, null))).toEqual([1, 2]);
  });

  it('is the worse of creatinine and urine', () => {
    expect(sofaRenal(1, 199)).toBe(4);
    expect(sofaRenal(5, 2000)).toBe(4);
    expect(sofaRenal(2.5, 499)).toBe(3);
    expect(sofaRenal(1, 500)).toBe(0);
  });
});
