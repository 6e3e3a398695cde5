import { expect, it } from 'vitest';
import { readinessOf } from '../../src/metrics/readiness.js';

it('is ready where every condition is met', async () => {
  expect(await readinessOf([{ name: 'a', check: () => null }])).toEqual({ ready: true, checks: { a: 'ok' } });
  expect(await readinessOf([])).toEqual({ ready: true, checks: {} });
});

it('says of each condition what is wrong: what it gives, throws, or does not answer', async () => {
  const conditions = [
    { name: 'met', check: async () => null },
    { name: 'given', check: () => 'not there' },
    { name: 'thrown', check: async () => Promise.reject(new Error('broken')) },
    { name: 'silent', check: () => new Promise<null>(() => undefined) },
  ];
  expect(await readinessOf(conditions, 20)).toEqual({
    ready: false,
    checks: { met: 'ok', given: 'not there', thrown: 'broken', silent: 'no answer within 20 ms' },
  });
});
