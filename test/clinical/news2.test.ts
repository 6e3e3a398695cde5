import { describe, expect, it } from 'vitest';
import { NEWS2_INPUTS, type News2Inputs, news2 } from '../../src/clinical/news2.js';

const WELL: News2Inputs = {
  respRate: 16,
  spo2: 98,
  supplementalOxygen: false,
  sbp: 120,
  heartRate: 70,
  alert: true,
  temperature: 37,
};
const WORST: News2Inputs = {
  respRate: 40,
  spo2: 80,
  supplementalOxygen: true,
  sbp: 60,
  heartRate: 160,
  alert: false,
  temperature: 34,
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

describe('news2', () => {
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

  it.each([
    [83, 3],
    [84, 2],
    [85, 2],
    [86, 1],
    [87, 1],
    [88, 0],
    [92, 0],
    [93, 0],
    [96, 0],
    [97, 0],
  ])('SpO2 %d on air on scale 2 scores %d', (spo2, points) => {
    expect(news2({ ...WELL, spo2 }, 2)).toMatchObject({ total: points, redScore: points === 3 });
  });

  it('uses scale 1 where no scale is named', () => {
    expect(news2({ ...WELL, spo2: 88 }).total).toBe(3);
    expect(news2({ ...WELL, spo2: 88 }, 1)).toEqual(news2({ ...WELL, spo2: 88 }));
  });

  it('has a maximum of 20', () => {
    expect(news2(WORST)).toEqual({ total: 20, redScore: true, missing: [] });
  });

  it('is red for one input of 3, not for a sum of 3', () => {
    expect(news2({ ...WELL, supplementalOxygen: true, heartRate: 91 })).toMatchObject({
      total: 3,
      redScore: false,
    });
  });

  it.each<[keyof News2Inputs, number, number]>([
    ['heartRate', 90.4, 0],
    ['heartRate', 90.6, 1],
    ['respRate', 20.4, 0],
    ['respRate', 24.6, 3],
    ['spo2', 95.4, 1],
    ['spo2', 95.6, 0],
    ['sbp', 219.6, 3],
    ['temperature', 38.04, 0],
    ['temperature', 38.06, 1],
  ])('%s %d, between two rows, scores as the row it rounds to: %d', (input, value, points) => {
    expect(news2({ ...WELL, [input]: value }).total).toBe(points);
  });

  it.each(NEWS2_INPUTS)('without %s: names it, and it adds nothing', (input) => {
    const partial = news2({ ...WORST, [input]: null });
    const alone = news2({ ...WELL, [input]: WORST[input] });
    expect(partial.missing).toEqual([input]);
    expect(partial.total).toBe(20 - (alone.total ?? Number.NaN));
  });

  it.each(NEWS2_INPUTS)('with %s alone has a total and names the other six', (input) => {
    const nothing = Object.fromEntries(NEWS2_INPUTS.map((name) => [name, null])) as unknown as News2Inputs;
    const { total, missing } = news2({ ...nothing, [input]: WELL[input] });
    expect(total).toBe(0);
    expect(missing).toEqual(NEWS2_INPUTS.filter((name) => name !== input));
  });
});
