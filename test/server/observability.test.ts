import Fastify from 'fastify';
import { Counter, Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import type { ObservabilityOptions } from '../../src/metrics/readiness.js';
import { addObservability } from '../../src/server/observability.js';

const apps: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

function appWith(more: Partial<ObservabilityOptions> = {}) {
  const metrics = new Registry();
  new Counter({ name: 'wardstream_test_total', help: 'A test.', registers: [metrics] }).inc(3);
  const app = Fastify();
  apps.push(app);
  const options = {
    metrics,
    conditions: [],
    failure: () => null,
    scrapeToken: 'scrape-token-of-16',
    ...more,
  };
  addObservability(app, options);
  return (url: string, authorization?: string) =>
    app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
}

it('gives metrics to who has the scrape token, and to nobody else', async () => {
  const get = appWith();
  const answer = await get('/metrics', 'Bearer scrape-token-of-16');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.body).toContain('wardstream_test_total 3');
  for (const wrong of [undefined, '', 'Bearer ', 'Bearer scrape-token-of-17', 'scrape-token-of-16']) {
    const refused = await get('/metrics', wrong);
    expect([refused.statusCode, refused.json().status]).toEqual([401, 401]);
    expect(refused.body).not.toContain('wardstream_test');
  }
});

it('serves no metrics where no scrape token is set, whatever is sent', async () => {
  const get = appWith({ scrapeToken: undefined });
  for (const token of [undefined, 'Bearer undefined', 'Bearer ']) {
    const answer = await get('/metrics', token);
    expect([answer.statusCode, answer.json().detail]).toEqual([
      404,
      'metrics are served where metrics.token is set',
    ]);
  }
});

it('is live until the pipeline stops', async () => {
  let failure: Error | null = null;
  const get = appWith({ failure: () => failure });
  expect((await get('/health/live')).json()).toEqual({ status: 'live' });
  failure = new Error('patient p1 broke it');
  const answer = await get('/health/live');
  expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'failed' }]);
});

it('is ready with 200, and with 503 and the reasons where something is missing', async () => {
  let fault: string | null = null;
  const get = appWith({ conditions: [{ name: 'store', check: () => fault }] });
  const ready = await get('/health/ready');
  expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true, checks: { store: 'ok' } }]);
  fault = 'it does not answer';
  await expect.poll(async () => (await get('/health/ready')).statusCode).toBe(503);
  const unready = await get('/health/ready');
  expect([unready.statusCode, unready.json()]).toEqual([503, { ready: false, checks: { store: fault } }]);
});

it('asks the store once a second about readiness, however often it is asked', async () => {
  let asked = 0;
  const check = async () => {
    asked++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return null;
  };
  const get = appWith({ conditions: [{ name: 'store', check }] });
  const answers = await Promise.all(Array.from({ length: 500 }, () => get('/health/ready')));
  for (let each = 0; each < 500; each++) answers.push(await get('/health/ready'));
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  expect(asked).toBeLessThanOrEqual(3);
});
