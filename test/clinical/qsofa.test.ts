import { describe, expect, it } from 'vitest';
import { qsofa } from '../../src/clinical/qsofa.js';

describe('qsofa', () => {
  const none = { respRate: null, sbp: null, alert: null };

  it.each([
    [{ respRate: 22 }, 1],
    [{ respRate: 21 }, 0],
    [{ sbp: 100 }, 1],
    [{ sbp: 101 }, 0],
    [{ alert: false }, 1],
    [{ alert: true }, 0],
  ])('scores what is known, %o alone: %d', (known, points) => {
    expect(qsofa({ ...none, ...known })).toBe(points);
  });

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
