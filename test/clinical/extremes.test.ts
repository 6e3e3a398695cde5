import { expect, it } from 'vitest';
import { EXTREMES } from '../../src/clinical/extremes.js';
import { MONOTONE } from '../../src/clinical/monotone.js';
import { CRITERIA } from '../../src/clinical/state.js';

it('adds only where the table of directions says that it is worse, and more towards the limit', () => {
  for (const { id, side, begins, limit, logit } of EXTREMES) {
    const row = MONOTONE.find((each) => each.id === id)!;
    if (side === 'low') expect([begins <= row.low!, limit < begins], id).toEqual([true, true]);
    else expect([begins >= row.high!, limit > begins], id).toEqual([true, true]);
    expect(logit, id).toBeGreaterThan(0);
  }
});

it('gives no sign more than the four points of APACHE II, or the hazard of severe hypoglycaemia', () => {
  for (const { id, side } of EXTREMES) {
    const all = EXTREMES.filter((each) => each.id === id && each.side === side);
    const sum = all.reduce((logit, each) => logit + each.logit, 0);
    expect(sum, `${id}, ${side}`).toBeLessThanOrEqual((id === 'glucose' ? Math.log(2.1) : 0.584) + 1e-9);
  }
});

it('has begun by the values at which a sign is critical, where it speaks of them', () => {
  const critical = CRITERIA.filter(({ grade, sign }) => grade === 'critical' && sign === 'potassium');
  expect(critical.length).toBeGreaterThan(0);
  const begins = EXTREMES.filter(({ id, side }) => id === 'potassium' && side === 'high')[0].begins;
  expect(critical.some(({ limit, direction }) => direction === 'high' && limit > begins)).toBe(true);
});
