import { describe, expect, it } from 'vitest';
import {
  sofaCardiovascular,
  sofaCoagulation,
  sofaLiver,
  sofaNervous,
  sofaRenal,
  sofaRespiration,
} from '../../src/clinical/sofa.js';

describe('SOFA components, every row of table 3 at both edges', () => {
  it.each([
    [400, 0],
    [399, 1],
    [300, 1],
    [299, 2],
    [200, 2],
    [199, 3],
    [100, 3],
    [99, 4],
  ])('PaO2/FiO2 %d ventilated: %d', (ratio, points) => {
    expect(sofaRespiration(ratio, 1, true)).toBe(points);
    expect(sofaRespiration(ratio, 1, false)).toBe(Math.min(2, points));
  });
  it.each([
    [150, 0],
    [149, 1],
    [100, 1],
    [99, 2],
    [50, 2],
    [49, 3],
    [20, 3],
    [19, 4],
  ])('platelets %d: %d', (value, points) => {
    expect(sofaCoagulation(value)).toBe(points);
  });
  it.each([
    [1.1, 0],
    [1.2, 1],
    [1.9, 1],
    [2, 2],
    [5.9, 2],
    [6, 3],
    [11.9, 3],
    [12, 4],
  ])('bilirubin %d: %d', (value, points) => {
    expect(sofaLiver(value)).toBe(points);
  });
  it.each([
    [15, 0],
    [14, 1],
    [13, 1],
    [12, 2],
    [10, 2],
    [9, 3],
    [6, 3],
    [5, 4],
  ])('GCS %d: %d', (value, points) => {
    expect(sofaNervous(value)).toBe(points);
  });
  it.each([
    [1.1, 0],
    [1.2, 1],
    [2, 2],
    [3.4, 2],
    [3.5, 3],
    [4.9, 3],
    [5, 4],
  ])('creatinine %d: %d', (value, points) => {
    expect(sofaRenal(value, null)).toBe(points);
  });
  it.each([
    [500, 0],
    [499, 3],
    [200, 3],
    [199, 4],
  ])('urine %d mL a day: %d', (value, points) => {
    expect(sofaRenal(null, value)).toBe(points);
  });
  it('cardiovascular: pressure, then drugs', () => {
    const none = { dopamine: 0, dobutamine: 0, epinephrine: 0, norepinephrine: 0 };
    expect([70, 69].map((map) => sofaCardiovascular(map, null))).toEqual([0, 1]);
    expect(sofaCardiovascular(80, { ...none, dobutamine: 1 })).toBe(2);
    expect([5, 5.1, 15, 15.1].map((dopamine) => sofaCardiovascular(80, { ...none, dopamine }))).toEqual([
      2, 3, 3, 4,
    ]);
    expect([0.1, 0.11].map((epinephrine) => sofaCardiovascular(80, { ...none, epinephrine }))).toEqual([
      3, 4,
    ]);
    expect([0.1, 0.11].map((norepinephrine) => sofaCardiovascular(80, { ...none, norepinephrine }))).toEqual([
      3, 4,
    ]);
  });
  it('are unknown without their input', () => {
    expect([
      sofaRespiration(null, 1, true),
      sofaCoagulation(null),
      sofaLiver(null),
      sofaNervous(null),
      sofaRenal(null, null),
      sofaCardiovascular(null, null),
    ]).toEqual(Array(6).fill(null));
  });
});

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
