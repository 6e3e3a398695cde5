import { describe, expect, it } from 'vitest';
import { criteriaOf, news2ScaleOf, USUAL_CRITERIA } from '../../src/clinical/baselines.js';
import { NEWS2_SPO2_SCALE_2_AIR } from '../../src/clinical/news2.js';
import { SIGN_IDS } from '../../src/clinical/signs.js';
import { CRITERIA } from '../../src/clinical/state.js';

const limits = (set: typeof USUAL_CRITERIA) =>
  Object.fromEntries(set.bySign.flat().map(({ id, limit, endLimit }) => [id, [limit, endLimit]]));
const usual = limits(USUAL_CRITERIA);

/** What differs from the usual. */
function changed(set: typeof USUAL_CRITERIA) {
  return Object.fromEntries(
    Object.entries(limits(set)).filter(([id, pair]) => String(pair) !== String(usual[id])),
  );
}

describe('criteria by sign', () => {
  it('are all of them, and every sign has one', () => {
    expect(USUAL_CRITERIA.bySign.flat()).toHaveLength(CRITERIA.length);
    USUAL_CRITERIA.bySign.forEach((criteria, place) => {
      expect([SIGN_IDS[place], criteria.length > 0]).toEqual([SIGN_IDS[place], true]);
      for (const { sign } of criteria) expect(sign).toBe(SIGN_IDS[place]);
    });
  });
});

describe('a baseline', () => {
  it('of 88 to 92 % moves the limits of saturation to where scale 2 gives two and three points, and nothing else', () => {
    const set = criteriaOf({ spo2Target: [88, 92] });
    expect(changed(set)).toEqual({ 'desaturation-severe': [83, 85], desaturation: [85, 87] });
    expect(NEWS2_SPO2_SCALE_2_AIR.map(([upTo, points]) => [points, upTo]).slice(0, 2)).toEqual([
      [3, 83],
      [2, 85],
    ]);
    expect(news2ScaleOf({ spo2Target: [88, 92] })).toBe(2);
  });

  it('of a slow rhythm that is meant moves the limit of a slow heart, and nothing else', () => {
    expect(changed(criteriaOf({ heartRateLow: 35 }))).toEqual({ bradycardia: [35, 40] });
    expect(news2ScaleOf({ heartRateLow: 35 })).toBe(1);
  });

  it('tells its criteria from others by their key, and has the usual one where it says nothing', () => {
    const keys = [{}, { heartRateLow: 35 }, { heartRateLow: 36 }, { spo2Target: [88, 92] as const }].map(
      (baseline) => criteriaOf(baseline).key,
    );
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(USUAL_CRITERIA.key);
  });
});
