import { describe, expect, it } from 'vitest';
import { NEWS2_INPUTS, type News2Inputs, news2 } from '../../src/clinical/news2.js';

/** Beyond the rows of chart 1, which scores.test.ts goes through: scale 2 on air, gaps between rows, missing inputs. */
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

describe('news2', () => {
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
