import { describe, expect, it } from 'vitest';
import { type News2Inputs, news2 } from '../../src/clinical/news2.js';
import { qsofa } from '../../src/clinical/qsofa.js';
import {
  sofaCardiovascular,
  sofaCoagulation,
  sofaLiver,
  sofaNervous,
  sofaRenal,
  sofaRespiration,
} from '../../src/clinical/sofa.js';

const WELL: News2Inputs = {
  respRate: 16,
  spo2: 98,
  supplementalOxygen: false,
  sbp: 120,
  heartRate: 70,
  alert: true,
  temperature: 37,
};

/** Every row of chart 1 of the RCP's NEWS2, at both edges: [input, value, points]. */
const ROWS: [keyof News2Inputs, number, number][] = [
  ['respRate', 8, 3],
  ['respRate', 9, 1],
  ['respRate', 11, 1],
  ['respRate', 12, 0],
  ['respRate', 20, 0],
  ['respRate', 21, 2],
  ['respRate', 24, 2],
  ['respRate', 25, 3],
  ['spo2', 91, 3],
  ['spo2', 92, 2],
  ['spo2', 93, 2],
  ['spo2', 94, 1],
  ['spo2', 95, 1],
  ['spo2', 96, 0],
  ['sbp', 90, 3],
  ['sbp', 91, 2],
  ['sbp', 100, 2],
  ['sbp', 101, 1],
  ['sbp', 110, 1],
  ['sbp', 111, 0],
  ['sbp', 219, 0],
  ['sbp', 220, 3],
  ['heartRate', 40, 3],
  ['heartRate', 41, 1],
  ['heartRate', 50, 1],
  ['heartRate', 51, 0],
  ['heartRate', 90, 0],
  ['heartRate', 91, 1],
  ['heartRate', 110, 1],
  ['heartRate', 111, 2],
  ['heartRate', 130, 2],
  ['heartRate', 131, 3],
  ['temperature', 35, 3],
  ['temperature', 35.1, 1],
  ['temperature', 36, 1],
  ['temperature', 36.1, 0],
  ['temperature', 38, 0],
  ['temperature', 38.1, 1],
  ['temperature', 39, 1],
  ['temperature', 39.1, 2],
];

describe('NEWS2', () => {
  it.each(ROWS)('%s %d scores %d', (input, value, points) => {
    const { total, redScore } = news2({ ...WELL, [input]: value });
    expect(total).toBe(points);
    expect(redScore).toBe(points === 3);
  });

  it.each([
    [83, 3],
    [84, 2],
    [85, 2],
    [86, 1],
    [87, 1],
    [88, 0],
    [92, 0],
    [93, 1],
    [94, 1],
    [95, 2],
    [96, 2],
    [97, 3],
  ])('SpO2 %d on oxygen on scale 2 scores %d beside the 2 for oxygen', (spo2, points) => {
    expect(news2({ ...WELL, spo2, supplementalOxygen: true }, 2).total).toBe(points + 2);
  });

  it('on scale 2, a high SpO2 on air scores nothing', () => {
    expect(news2({ ...WELL, spo2: 99 }, 2).total).toBe(0);
  });

  it('scores 2 for oxygen and 3 for not being alert', () => {
    expect(news2({ ...WELL, supplementalOxygen: true }).total).toBe(2);
    expect(news2({ ...WELL, alert: false })).toMatchObject({ total: 3, redScore: true });
  });

  it('reports what is missing and does not guess it', () => {
    const { total, missing } = news2({ ...WELL, spo2: null, heartRate: 131 });
    expect({ total, missing }).toEqual({ total: 3, missing: ['spo2'] });
  });

  it('is unknown where every input is', () => {
    const nothing = {
      respRate: null,
      spo2: null,
      supplementalOxygen: null,
      sbp: null,
      heartRate: null,
      alert: null,
      temperature: null,
    };
    expect(news2(nothing).total).toBeNull();
  });
});

describe('qSOFA', () => {
  it.each([
    [21, 101, true, 0],
    [22, 101, true, 1],
    [21, 100, true, 1],
    [21, 101, false, 1],
    [22, 100, false, 3],
  ])('rate %d, systolic %d, alert %s: %d', (respRate, sbp, alert, points) => {
    expect(qsofa({ respRate, sbp, alert })).toBe(points);
  });

  it('is unknown without any input', () => {
    expect(qsofa({ respRate: null, sbp: null, alert: null })).toBeNull();
  });
});

describe('SOFA components', () => {
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
