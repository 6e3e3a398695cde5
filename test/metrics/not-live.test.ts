import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { addNotLive, addPartitionStates, bedsCondition } from '../../src/metrics/not-live.js';
import { readinessOf } from '../../src/metrics/readiness.js';

it('counts patients who are not live by cause, and keeps nobody from being served because of them', async () => {
  const counts = new Map([
    ['unread', 0],
    ['silent', 2],
  ]);
  const registry = new Registry();
  addNotLive(registry, () => counts);
  expect(await registry.metrics()).toContain('wardstream_patients_not_live{cause="silent"} 2');
  expect(await registry.metrics()).toContain('wardstream_patients_not_live{cause="unread"} 0');
  const conditions = [bedsCondition(() => counts), { name: 'other', check: () => null }];
  const checks = { beds: 'not live: 2 silent', other: 'ok' };
  expect(await readinessOf(conditions)).toEqual({ ready: true, checks });
  counts.set('silent', 0);
  expect(await readinessOf(conditions)).toEqual({ ready: true, checks: { ...checks, beds: 'ok' } });
});

it('counts partitions by how it stands with them', async () => {
  const registry = new Registry();
  addPartitionStates(
    registry,
    () =>
      new Map([
        ['live', 11],
        ['unread', 1],
      ]),
  );
  expect(await registry.metrics()).toContain('wardstream_engine_partitions{state="unread"} 1');
});
