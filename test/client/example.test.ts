import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alert, score } from '../helpers.js';
import { openTestStore, openWard, stay, type TestWard, tokenOf } from '../server/ward.js';

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;

beforeAll(async () => {
  store = await openTestStore();
  ward = await openWard(store.store);
  await ward.write({ admitted: [stay('p1', 'W', '7')], scores: [score(1, 0.5)] });
});
afterAll(async () => {
  await ward.close();
  await store.close();
});

it('the example of README prints alerts, and what people do about them', async () => {
  const example = spawn(process.execPath, ['examples/alerts.mjs', ward.server.url, await tokenOf('service')]);
  let out = '';
  let err = '';
  example.stdout.on('data', (data) => {
    out += String(data);
  });
  example.stderr.on('data', (data) => {
    err += String(data);
  });
  await expect.poll(() => err, { timeout: 20_000 }).toContain('1 patients, 0 open alerts');
  const raised = alert('a1', 0, { bedId: '7' });
  const done = { ...raised, sequence: 1, state: 'ACKNOWLEDGED' as const, actor: 'dr.who' };
  await ward.write({ alerts: [raised, done, alert('low', 0, { priority: 'LOW' })] });
  await expect
    .poll(() => out)
    .toBe(
      '7 HIGH RAISED: risk-high, risk 0.60, NEWS2 –\n7 HIGH ACKNOWLEDGED by dr.who: risk-high, risk 0.60, NEWS2 –\n',
    );
  const ended = once(example, 'exit');
  example.kill('SIGINT');
  expect((await ended)[0]).toBe(0);
});
