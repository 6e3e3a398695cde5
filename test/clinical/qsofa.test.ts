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
});
