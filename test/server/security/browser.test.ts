import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverConfigSchema } from '../../../src/settings/server.js';
import { alert, eventOf, note, outputsOf, score, temporaryDirectory } from '../../helpers.js';
import { json, openWard, stay, TestClient, tokenOf } from '../ward.js';
import { openPeople, type People } from './people.js';

let ward: People;
beforeAll(async () => {
  ward = await openPeople();
});
afterAll(() => ward.close());

describe('the browser', () => {
  const ACT = { action: 'COMMENT', reason: 'from a page' };

  it('exchanges its token for a cookie that no script reads and no other site can use', async () => {
    const token = await tokenOf();
    const answer = await ward.post('/api/v1/session', {}, token);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^wardstream-session=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3\d\d\d$/);
    // It is no token, tells nothing, and is worth nothing as one.
    const sealed = cookie.split(/[=;]/)[1];
    expect(cookie).not.toContain(token);
    expect(Buffer.from(sealed.split('.')[3], 'base64url').toString()).not.toContain('clinician');
    expect((await ward.get('/api/v1/session', sealed)).status).toBe(401);
    const asCookie = await fetch(`${ward.server.url}/api/v1/session`, {
      headers: { cookie: `wardstream-session=${token}` },
    });
    expect(asCookie.status).toBe(401);
    const value = cookie.split(';')[0];
    const withCookie = (path: string, init: RequestInit = {}) =>
      fetch(ward.server.url + path, { ...init, headers: { cookie: value, ...init.headers } });
    expect((await withCookie('/api/v1/patients')).status).toBe(200);
    const post = (headers: Record<string, string>) =>
      withCookie('/api/v1/alerts/aw/actions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(ACT),
      });
    expect((await post({ origin: ward.server.url })).status).toBe(202);
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    const { port } = new URL(ward.server.url);
    const elsewhere = await new Promise<number>((resolve, reject) => {
      const headers = { cookie: value, host: 'rebound.example' };
      plainRequest({ port, path: '/api/v1/patients', headers }, (response) =>
        resolve(response.resume().statusCode ?? 0),
      )
        .on('error', reject)
        .end();
    });
    expect(elsewhere).toBe(401);
    const gone = await withCookie('/api/v1/session', {
      method: 'DELETE',
      headers: { origin: ward.server.url },
    });
    expect([gone.status, gone.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringContaining('Max-Age=0'),
    ]);
    // Signed out is signed out, also for whoever kept the cookie.
    expect((await withCookie('/api/v1/patients')).status).toBe(401);
  });

  it('keeps its session over a restart, and on other processes of the same secret', async () => {
    const value = (await ward.post('/api/v1/session', {}, await tokenOf())).headers
      .get('set-cookie')!
      .split(';')[0];
    const host = new URL(ward.server.url).host;
    const other = await openWard(ward.store, {});
    const { port } = new URL(other.server.url);
    const status = await new Promise<number>((resolve, reject) => {
      const options = { port, path: '/api/v1/patients', headers: { cookie: value, host } };
      plainRequest(options, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    await other.close();
  });

  it('gets a cookie that is Secure and held to the host where a proxy serves TLS', async () => {
    const cookieOf = async (server: object, headers: Record<string, string>) => {
      const other = await openWard(ward.store, { server });
      const answer = await other.post('/api/v1/session', {}, await tokenOf(), headers);
      const cookie = answer.headers.get('set-cookie') ?? '';
      const name = cookie.split('=')[0];
      const value = cookie.split(';')[0];
      const ask = (sent: string) =>
        fetch(`${other.server.url}/api/v1/session`, { headers: { ...headers, cookie: sent } });
      const accepted = [(await ask(value)).status, (await ask(value.replace('__Host-', ''))).status];
      await other.close();
      return {
        name,
        isSecure: cookie.includes('; Secure'),
        hsts: answer.headers.has('strict-transport-security'),
        accepted,
      };
    };
    const https = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'ward.example' };
    const plain = { name: 'wardstream-session', isSecure: false, hsts: false, accepted: [200, 200] };
    const secure = { name: '__Host-wardstream-session', isSecure: true, hsts: true, accepted: [200, 401] };
    expect(await cookieOf({}, https)).toEqual(plain);
    expect(await cookieOf({ trustedProxies: ['127.0.0.1'] }, {})).toEqual(plain);
    expect(await cookieOf({ trustedProxies: ['127.0.0.1'] }, https)).toEqual(secure);
    expect(await cookieOf({ secureCookie: true }, {})).toEqual(secure);
  });

  it('behind a trusted proxy may act from the page of the host it asked for', async () => {
    const other = await openWard(ward.store, { server: { trustedProxies: ['127.0.0.1'] } });
    await other.write({ alerts: [alert('act', 0)] });
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'ward.example' };
    const cookie = (await other.post('/api/v1/session', {}, await tokenOf(), forwarded)).headers
      .get('set-cookie')!
      .split(';')[0];
    const act = async (headers: Record<string, string>) =>
      (
        await other.post('/api/v1/alerts/act/actions', { action: 'ACKNOWLEDGE' }, undefined, {
          cookie,
          ...headers,
        })
      ).status;
    expect(await act({ ...forwarded, origin: 'https://ward.example' })).toBe(202);
    expect(await act({ ...forwarded, origin: 'https://evil.example' })).toBe(403);
    await other.close();
  });

  it('is told to load nothing from elsewhere and to run nothing inline', async () => {
    for (const path of ['/', '/api/v1/patients', '/nowhere']) {
      const { headers } = await ward.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
  });

  it('of another origin gets answers only where that is configured', async () => {
    const origin = 'https://portal.example';
    const other = await openWard(ward.store, { server: { origins: [origin] } });
    const ask = (from: string, url: string) =>
      fetch(`${url}/api/v1/patients`, { method: 'OPTIONS', headers: { origin: from } });
    const allowed = await ask(origin, other.server.url);
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    expect((await ask(origin, ward.server.url)).headers.get('access-control-allow-origin')).toBeNull();
    expect(
      (await ask('https://evil.example', other.server.url)).headers.get('access-control-allow-origin'),
    ).toBeNull();
    await other.close();
  });
});

describe('TLS', () => {
  it.skipIf(spawnSync('openssl', ['version']).status !== 0)(
    'is served by the certificate of the configuration (skipped without openssl)',
    async () => {
      const directory = temporaryDirectory();
      const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name));
      const ask = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '1',
      ];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
      expect(spawnSync('openssl', [...ask, ...subject, '-keyout', key, '-out', cert]).status).toBe(0);
      const tls = serverConfigSchema.parse({ tls: { cert: { file: cert }, key: { file: key } } }).tls;
      const secure = await openWard(ward.store, { server: { tls } });
      expect(secure.server.url).toMatch(/^https:/);
      const options = { ca: readFileSync(cert), headers: { authorization: `Bearer ${await tokenOf()}` } };
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const post = { ...options, method: 'POST' };
        request(`${secure.server.url}/api/v1/session`, post, resolve).on('error', reject).end();
      });
      answer.resume();
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['set-cookie']?.[0]).toContain('; Secure');
      expect(answer.headers['strict-transport-security']).toContain('max-age');
      const client = new TestClient(secure.server.url, await tokenOf(), { ca: options.ca });
      await client.next('hello');
      client.socket.terminate();
      await secure.close();
    },
  );
});

describe('script in every string field', () => {
  const EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>';

  it('comes out as data: JSON, never markup', async () => {
    const hostile = stay(EVIL, EVIL, EVIL);
    await ward.view.write(
      outputsOf({
        admitted: [hostile],
        notes: [
          eventOf(
            'notes',
            note(EVIL, {
              patientId: EVIL,
              messageId: EVIL,
              noteType: EVIL,
              authorRole: EVIL,
              language: EVIL,
            }),
          ) as never,
        ],
        scores: [score(1, 0.5, { patientId: EVIL, wardId: EVIL, bedId: EVIL })],
        alerts: [alert(EVIL, 0, { patientId: EVIL, wardId: EVIL, rule: EVIL, actor: EVIL, reason: EVIL })],
      }),
    );
    const token = await tokenOf('admin');
    const id = encodeURIComponent(EVIL);
    for (const path of ['', '/timeline', '/notes', '/images']) {
      const response = await ward.get(`/api/v1/patients/${id}${path}`, token);
      expect([path, response.status, response.headers.get('content-type')]).toEqual([
        path,
        200,
        expect.stringMatching(/^application\/json/),
      ]);
    }
    const { notes } = await json<{ notes: { text: string; noteId: string }[] }>(
      await ward.get(`/api/v1/patients/${id}/notes`, token),
    );
    expect(notes).toMatchObject([{ text: EVIL, noteId: EVIL }]);
    const acted = await ward.post(`/api/v1/alerts/${id}/actions`, { action: 'COMMENT', reason: EVIL }, token);
    expect(acted.status).toBe(202);
    for (const path of [`/${id}`, `/api/v1/${id}`, `/api/v1/patients/${id}${id}`]) {
      const lost = await ward.get(path, token);
      expect([lost.status, lost.headers.get('content-type')]).toEqual([
        404,
        expect.stringContaining('application/problem+json'),
      ]);
      expect(await lost.text()).not.toContain('<script');
    }
  });
});
