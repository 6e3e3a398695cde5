import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverConfigSchema } from '../../../src/settings/server.js';
import { auditOf } from '../../../src/store/audit.js';
import { alert } from '../../helpers.js';
import { openWard, TestClient, tokenOf } from '../ward.js';
import { openPeople, type People } from './people.js';

let ward: People;
beforeAll(async () => {
  ward = await openPeople();
});
afterAll(() => ward.close());

describe('limits', () => {
  it('refuses bodies that are too large, and requests that are too many', async () => {
    const token = await tokenOf();
    const large = await ward.post(
      '/api/v1/alerts/aw/actions',
      { action: 'COMMENT', reason: 'x'.repeat(70_000) },
      token,
    );
    expect([large.status, large.headers.get('content-type')]).toEqual([
      413,
      expect.stringContaining('application/problem+json'),
    ]);
    const other = await openWard(ward.store, { server: { requestsPerMinute: 5 } });
    const statuses: number[] = [];
    for (let each = 0; each < 7; each++) statuses.push((await other.get('/api/v1/session', token)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    await other.close();
  });

  it('counts requests of a valid token by the token, all others by where they come from', async () => {
    const other = await openWard(ward.store, { server: { requestsPerMinute: 5 } });
    const [token, more] = [await tokenOf(), await tokenOf('viewer')];
    const statuses: number[] = [];
    for (let each = 0; each < 7; each++) statuses.push((await other.get('/api/v1/session', token)).status);
    for (let each = 0; each < 7; each++) statuses.push((await other.get('/nothing')).status);
    statuses.push((await other.get('/api/v1/session', more)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 404, 404, 404, 404, 404, 429, 429, 200]);
    await other.close();
  });

  it('stops guessing of tokens, on HTTP and WebSocket alike, and locks out nobody whose token is valid', async () => {
    const other = await openWard(ward.store, {});
    const statuses: number[] = [];
    for (let each = 0; each < 70; each++)
      statuses.push((await other.get('/api/v1/session', each % 2 === 0 ? `guess${each}` : undefined)).status);
    expect(statuses).toEqual([...Array(60).fill(401), ...Array(10).fill(429)]);
    expect(await upgradeOf(new TestClient(other.server.url, 'guess'))).toBe(429);
    const token = await tokenOf();
    const client = new TestClient(other.server.url, token);
    await client.next('hello');
    client.socket.terminate();
    await other.write({ alerts: [alert('mine', 0)] });
    expect((await other.post('/api/v1/alerts/mine/actions', { action: 'ACKNOWLEDGE' }, token)).status).toBe(
      202,
    );
    const session = (await other.post('/api/v1/session', {}, token)).headers.get('set-cookie')!.split(';')[0];
    const byCookie = await fetch(`${other.server.url}/api/v1/patients`, { headers: { cookie: session } });
    expect(byCookie.status).toBe(200);
    await other.close();
  });
});

const upgradeOf = (client: TestClient) =>
  new Promise((resolve) =>
    client.socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
  );

describe('connections', () => {
  it('of one person leave half of the places to the others', async () => {
    const other = await openWard(ward.store, { server: { maxConnections: 4 } });
    const mine = await tokenOf('viewer', ['W'], { subject: 'greedy' });
    const clients = [0, 1].map(() => new TestClient(other.server.url, mine));
    for (const client of clients) await client.next('hello');
    expect(await upgradeOf(new TestClient(other.server.url, mine))).toBe(503);
    const theirs = new TestClient(other.server.url, await tokenOf('viewer', ['W'], { subject: 'modest' }));
    await theirs.next('hello');
    await clients[0].close();
    await expect
      .poll(async () => {
        const again = new TestClient(other.server.url, mine);
        return again.next('hello').then(
          () => true,
          () => false,
        );
      })
      .toBe(true);
    for (const client of [...clients, theirs]) client.socket.terminate();
    await other.close();
  });
});

describe('behind a proxy', () => {
  const GUESSES = 61;
  const flood = async (url: string, address: string) => {
    let status = 0;
    for (let each = 0; each < GUESSES; each++)
      status = (await fetch(`${url}/api/v1/session`, { headers: { 'x-forwarded-for': address } })).status;
    return status;
  };
  const ask = async (url: string, address: string) =>
    (await fetch(`${url}/api/v1/session`, { headers: { 'x-forwarded-for': address } })).status;

  it('that is trusted, each sender is counted and written down by its own address', async () => {
    const other = await openWard(ward.store, { server: { trustedProxies: ['127.0.0.0/8', '10.1.0.0/16'] } });
    const { url } = other.server;
    expect(await flood(url, '203.0.113.7, 10.1.2.3')).toBe(429);
    expect(await ask(url, '203.0.113.8, 10.1.2.3')).toBe(401);
    // What a sender writes into the header itself stands before what proxies write, and counts for nothing.
    expect(await ask(url, '198.51.100.1, 203.0.113.7')).toBe(429);
    expect(await flood(url, '2001:db8:1:2::7')).toBe(429);
    expect(await ask(url, '2001:db8:1:2:ffff::9')).toBe(429);
    expect(await ask(url, '2001:db8:1:3::9')).toBe(401);
    for (const odd of ['203.0.113.7:4711', '[2001:db8:1:2::8]:4711', '::ffff:203.0.113.7'])
      expect([odd, await ask(url, odd)]).toEqual([odd, 429]);
    expect(await ask(url, 'not an address')).toBe(401);
    await other.close();
    const rows = await auditOf(ward.store, { limit: 1000, action: 'access' });
    const sources = new Set(rows.map(({ source }) => source));
    expect([...sources]).toEqual(expect.arrayContaining(['203.0.113.7', '203.0.113.8', '2001:db8:1:2::7']));
    expect(sources.has('198.51.100.1')).toBe(false);
  });

  it('that is not trusted, headers say nothing', async () => {
    const other = await openWard(ward.store, {});
    expect(await flood(other.server.url, '203.0.113.7')).toBe(429);
    expect(await ask(other.server.url, '203.0.113.8')).toBe(429);
    await other.close();
  });

  it('is named by an address or a network, nothing else', () => {
    for (const wrong of ['proxy', '10.0.0.0/33', '10.0.0.0/8/8', '::/129', ''])
      expect([wrong, serverConfigSchema.safeParse({ trustedProxies: [wrong] }).success]).toEqual([
        wrong,
        false,
      ]);
    for (const right of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'])
      expect([right, serverConfigSchema.safeParse({ trustedProxies: [right] }).success]).toEqual([
        right,
        true,
      ]);
  });
});

describe('paths', () => {
  it('that lead out of the page’s own files are not served, however they are written', async () => {
    const { hostname, port } = new URL(ward.server.url);
    // By hand, since fetch would tidy the path up.
    const get = (path: string) =>
      new Promise<[number, string]>((resolve, reject) => {
        request({ hostname, port, path }, (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += String(chunk);
          });
          response.on('end', () => resolve([response.statusCode ?? 0, body]));
        })
          .on('error', reject)
          .end();
      });
    const up = [
      '../',
      '..%2f',
      '%2e%2e/',
      '%2e%2e%2f',
      '..%5c',
      '..\\',
      '%252e%252e%252f',
      '..%252f',
      '..%c0%af',
    ];
    for (const each of up)
      for (const path of [`/${each.repeat(3)}package.json`, `/assets/${each.repeat(4)}package.json`]) {
        const [status, body] = await get(path);
        expect([path, status >= 400, body.includes('"version"')]).toEqual([path, true, false]);
      }
  });
});
