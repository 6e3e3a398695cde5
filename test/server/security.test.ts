import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.js';
import { ROLES, type Role } from '../../src/server/access/principal.js';
import { serverConfigSchema } from '../../src/server/config.js';
import type { AlertsResponse } from '../../src/server/protocol.js';
import { endpointsOf } from '../../src/server/server.js';
import { alert, eventOf, note, outputsOf, score, temporaryDirectory } from '../helpers.js';
import { json, openTestStore, openWard, stay, TestClient, type TestWard, tokenOf } from './ward.js';

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;

beforeAll(async () => {
  store = await openTestStore();
  ward = await openWard(store.store);
  await ward.write({
    admitted: [stay('pw', 'W'), stay('pv', 'V'), stay('nowhere', null)],
    notes: ['pw', 'pv', 'nowhere'].map(
      (patientId) => eventOf('notes', note('a note', { patientId, messageId: `n-${patientId}` })) as never,
    ),
    scores: [
      score(1, 0.5, { patientId: 'pw', wardId: 'W' }),
      score(1, 0.5, { patientId: 'pv', wardId: 'V' }),
      score(1, 0.5, { patientId: 'nowhere', wardId: null }),
    ],
    alerts: [
      alert('aw', 0, { patientId: 'pw', wardId: 'W' }),
      alert('av', 0, { patientId: 'pv', wardId: 'V' }),
      alert('anowhere', 0, { patientId: 'nowhere', wardId: null }),
    ],
  });
});
afterAll(async () => {
  await ward.close();
  await store.close();
});

/** Every endpoint about a patient or alert, with whose it is in the place of `$`. */
const ABOUT: readonly (readonly [method: 'GET' | 'POST', path: string, body?: object])[] = [
  ['GET', '/api/v1/patients/p$'],
  ['GET', '/api/v1/patients/p$/timeline'],
  ['GET', '/api/v1/patients/p$/notes'],
  ['GET', '/api/v1/patients/p$/images'],
  ['GET', '/api/v1/patients/p$/images/i$'],
  ['GET', '/api/v1/patients/p$/explanation'],
  ['GET', '/api/v1/scores?patientId=p$'],
  ['GET', '/api/v1/alerts/a$/events'],
  ['POST', '/api/v1/alerts/a$/actions', { action: 'COMMENT', reason: 'seen' }],
  ['GET', '/fhir/Flag/a$'],
  ['GET', '/fhir/Flag/a$/$bundle'.replace('$bundle', '€bundle')],
];
/** Every endpoint that lists. */
const LISTS = [
  '/api/v1/patients',
  '/api/v1/alerts',
  '/api/v1/export/scores?format=csv',
  '/api/v1/export/alerts?format=csv',
  '/api/v1/export/observations?format=csv',
  '/fhir/Flag',
  '/fhir/RiskAssessment',
];

const send = (method: 'GET' | 'POST', path: string, token?: string, body?: object) =>
  method === 'GET' ? ward.get(path, token) : ward.post(path, body, token);

const CAN_ACT: readonly Role[] = ['clinician', 'admin'];
const CAN_EXPORT: readonly Role[] = ['clinician', 'admin', 'service'];

describe('role × ward × endpoint', () => {
  const wards = [['W'], ['V'], ['W', 'V'], ['*'], ['elsewhere']];
  for (const role of ROLES) {
    for (const mine of wards) {
      it(`${role} of ${mine}`, async () => {
        const token = await tokenOf(role, mine);
        for (const [method, path, body] of ABOUT) {
          for (const owner of ['w', 'v']) {
            const at = path.replaceAll('$', owner).replace('€', '$');
            const { status } = await send(method, at, token, body);
            const isMine = mine.includes('*') || mine.includes(owner.toUpperCase());
            const isAllowed = method === 'GET' || CAN_ACT.includes(role);
            // Within scope: an answer, or that there is no such image, or that nothing can be explained.
            const expected = !isAllowed
              ? [403]
              : isMine
                ? at.includes('/images/')
                  ? [404]
                  : [200, 202, 501]
                : [404];
            expect([at, status, expected.includes(status)]).toEqual([at, status, true]);
          }
        }
        for (const path of LISTS) {
          const response = await ward.get(path, token);
          if (path.includes('/export/') && !CAN_EXPORT.includes(role)) {
            expect([path, response.status]).toEqual([path, 403]);
            continue;
          }
          const text = await response.text();
          expect([path, response.status]).toEqual([path, 200]);
          for (const owner of ['w', 'v']) {
            const isMine = mine.includes('*') || mine.includes(owner.toUpperCase());
            const isThere = text.includes(`p${owner}`) || text.includes(`a${owner}`);
            const isListed = isThere || path.includes('/observations');
            expect([path, owner, isListed || !isMine, isMine || !isThere]).toEqual([path, owner, true, true]);
          }
          // Who lies on no known ward is shown to every ward; what is exported are rows of one's own wards.
          const isExport = path.includes('/export/');
          expect([path, text.includes('nowhere')]).toEqual([
            path,
            !isExport || (mine.includes('*') && !path.includes('/observations')),
          ]);
        }
        const audit = (await ward.get('/api/v1/audit', token)).status;
        expect(audit).toBe(role === 'admin' && mine.includes('*') ? 200 : 403);
        expect((await ward.get('/api/v1/alerts?ward=V', token)).status).toBe(
          mine.includes('*') || mine.includes('V') ? 200 : 403,
        );
        expect((await ward.get('/api/v1/session', token)).status).toBe(200);
        const client = new TestClient(ward.server.url, token);
        await client.next('hello');
        client.send({ type: 'subscribe', wards: ['*'], patients: ['pw', 'pv', 'nowhere'] });
        const { patients, alerts } = await client.next('snapshot');
        const seen = ['w', 'v'].filter((owner) => mine.includes('*') || mine.includes(owner.toUpperCase()));
        seen.push('nowhere');
        expect(patients.map(({ patientId }) => patientId)).toEqual(
          seen.map((owner) => (owner === 'nowhere' ? owner : `p${owner}`)),
        );
        expect(alerts.map(({ alertId }) => alertId)).toEqual(seen.map((owner) => `a${owner}`));
        client.socket.terminate();
      });
    }
  }

  it('shows a technical notice without a ward to every ward, and lets nobody act on it', async () => {
    const technical = {
      class: 'technical',
      patientId: '',
      value: null,
      threshold: null,
      risk: null,
    } as const;
    const notice = alert('notice', 0, { ...technical, wardId: null, rule: 'store-away', detail: 'away' });
    await ward.write({ alerts: [notice] });
    const token = await tokenOf('clinician', ['V']);
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['V'] });
    const { alerts } = await client.next('snapshot');
    expect(alerts).toContainEqual(
      expect.objectContaining({ alertId: 'notice', class: 'technical', detail: 'away' }),
    );
    client.socket.terminate();
    const listed = async (which: string) => {
      const response = await ward.get(`/api/v1/alerts?class=${which}`, token);
      return (await json<AlertsResponse>(response)).alerts.map(({ alertId }) => alertId);
    };
    expect(await listed('technical')).toEqual(['notice']);
    expect(await listed('clinical')).not.toContain('notice');
    const act = await ward.post('/api/v1/alerts/notice/actions', { action: 'ACKNOWLEDGE' }, token);
    expect(act.status).toBe(409);
    expect((await ward.get('/fhir/Flag/notice', token)).status).toBe(404);
    await ward.write({ alerts: [{ ...notice, sequence: 1, state: 'RESOLVED' }] });
  });

  it('covers every endpoint', () => {
    const listed = new Set(
      [...ABOUT.map(([method, path]) => `${method} ${path}`), ...LISTS.map((path) => `GET ${path}`)].map(
        (each) =>
          each
            .replace(/\?.*/, '')
            .replace('€', '$')
            .replaceAll(/\/[pai]\$/g, '/:'),
      ),
    );
    const elsewhere = /session|models|replay|audit/;
    for (const { method, path } of endpointsOf({ config: {}, model: {} } as never)) {
      if (elsewhere.test(path)) continue;
      const name = `${method} ${path.replaceAll(/:\w+/g, ':')}`;
      expect([name, listed.has(name) || listed.has(name.replace('/export/:', '/export/scores'))]).toEqual([
        name,
        true,
      ]);
    }
  });

  it('answers nobody without a token', async () => {
    for (const [method, path, body] of [...ABOUT, ...LISTS.map((each) => ['GET', each] as const)]) {
      const at = path.replaceAll('$', 'w').replace('€', '$');
      const response = await send(method, at, undefined, body);
      expect([at, response.status, response.headers.get('www-authenticate')]).toEqual([at, 401, 'Bearer']);
    }
  });
});

describe('tokens', () => {
  const status = async (token: string) => (await ward.get('/api/v1/session', token)).status;

  it('are refused where they are expired, unsigned, of another audience, or say no role', async () => {
    const { SECRET } = await import('./ward.js');
    const key = new TextEncoder().encode(SECRET);
    const claims = { role: 'admin', wards: ['*'] };
    const sign = (payload: object, audience = 'wardstream', alg = 'HS256') =>
      new SignJWT({ ...payload })
        .setProtectedHeader({ alg })
        .setSubject('x')
        .setAudience(audience)
        .setExpirationTime('1h')
        .sign(key);
    expect(await status(await sign(claims))).toBe(200);
    expect(await status(await tokenOf('admin', ['*'], { forMs: -1000 }))).toBe(401);
    expect(await status(await sign(claims, 'other'))).toBe(401);
    expect(await status(await sign({ role: 'root', wards: ['*'] }))).toBe(401);
    expect(await status(await sign({ role: 'admin' }))).toBe(401);
    expect(await status(await sign({ role: 'admin', wards: [] }))).toBe(401);
    const endless = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('x')
      .setAudience('wardstream')
      .sign(key);
    expect(await status(endless)).toBe(401);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${part({ alg: 'none' })}.${part({ ...claims, sub: 'x', aud: 'wardstream', exp: 4e9 })}.`;
    expect(await status(unsigned)).toBe(401);
    const [head, body, signature] = (await sign(claims)).split('.');
    expect(await status(`${head}.${body}.${signature.split('').reverse().join('')}`)).toBe(401);
  });

  it('of an OpenID Connect provider are verified by its published keys', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
    const provider: Server = createServer((request, response) => {
      const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
      const isKeys = request.url === '/keys';
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isKeys ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }));
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const auth = { kind: 'oidc', issuer, claims: { role: 'ward_role', wards: 'ward_ids' } };
    const other = await openWard(store.store, { server: serverConfigSchema.parse({ port: 0, auth }) });
    const sign = (key: Key, from = issuer) =>
      new SignJWT({ ward_role: 'viewer', ward_ids: ['W'] })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setSubject('nurse@example')
        .setAudience('wardstream')
        .setIssuer(from)
        .setExpirationTime('5m')
        .sign(key);
    const session = await other.get('/api/v1/session', await sign(privateKey));
    expect(await json(session)).toMatchObject({ subject: 'nurse@example', role: 'viewer', wards: ['W'] });
    const forged = (await generateKeyPair('ES256')).privateKey;
    expect((await other.get('/api/v1/session', await sign(forged))).status).toBe(401);
    expect((await other.get('/api/v1/session', await sign(privateKey, 'https://evil.example'))).status).toBe(
      401,
    );
    // A token of the shared-secret kind is worth nothing here.
    expect((await other.get('/api/v1/session', await tokenOf('admin'))).status).toBe(401);
    await other.close();
    provider.close();
  });
});

describe('the browser', () => {
  const ACT = { action: 'COMMENT', reason: 'from a page' };

  it('exchanges its token for a cookie that no script reads and no other site can use', async () => {
    const token = await tokenOf();
    const answer = await ward.post('/api/v1/session', {}, token);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^wardstream-session=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3\d\d\d$/);
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
    const gone = await withCookie('/api/v1/session', {
      method: 'DELETE',
      headers: { origin: ward.server.url },
    });
    expect([gone.status, gone.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringContaining('Max-Age=0'),
    ]);
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
    const other = await openWard(store.store, { server: { origins: [origin] } });
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
    const other = await openWard(store.store, { server: { requestsPerMinute: 5 } });
    const statuses: number[] = [];
    for (let each = 0; each < 7; each++) statuses.push((await other.get('/api/v1/session', token)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    await other.close();
  });

  it('stops guessing of tokens, on HTTP and WebSocket alike', async () => {
    const other = await openWard(store.store, {});
    const statuses = new Set<number>();
    for (let each = 0; each < 70; each++)
      statuses.add((await other.get('/api/v1/session', `guess${each}`)).status);
    expect([...statuses]).toEqual([401, 429]);
    const client = new TestClient(other.server.url, await tokenOf());
    const refused = await new Promise((resolve) =>
      client.socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
    );
    expect(refused).toBe(429);
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
      const secure = await openWard(store.store, { server: { tls } });
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

describe('secrets', () => {
  it('that are too short are refused without being repeated', () => {
    const auth = { kind: 'secret', secret: 'correct horse battery' };
    let said = '';
    try {
      parseConfig({ server: { auth } });
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain('server.auth.secret: needs at least 32 characters');
    expect(said).not.toContain('horse');
  });
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

describe('the audit trail', () => {
  interface Audit {
    entries: {
      actor: string;
      action: string;
      patientId: string;
      target: string;
      outcome: string;
      source: string;
      at: number;
    }[];
  }
  const entriesOf = async (query: string) =>
    (await json<Audit>(await ward.get(`/api/v1/audit?${query}`, await tokenOf('admin')))).entries;

  it('has every view and every action: who, what, when, from where, and how it ended', async () => {
    const token = await tokenOf('clinician', ['W'], { subject: 'nurse.joy' });
    for (const [method, path, body] of ABOUT) {
      await (await send(method, path.replaceAll('$', 'w').replace('€', '$'), token, body)).arrayBuffer();
    }
    await ward.get('/api/v1/patients/pv', token);
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['W'] });
    await client.next('snapshot');
    client.socket.terminate();
    const entries = await entriesOf('actor=nurse.joy');
    const brief = entries.map(({ action, patientId, outcome }) => `${action} ${patientId} ${outcome}`);
    for (const expected of [
      'view-patient pw allowed',
      'view-timeline pw allowed',
      'view-notes pw allowed',
      'view-images pw allowed',
      'view-image pw refused',
      'view-scores pw allowed',
      'view-alert pw allowed',
      'alert-comment pw allowed',
      'fhir-flag pw allowed',
      'view-patient pv refused',
      'subscribe  allowed',
    ]) {
      expect(brief).toContain(expected);
    }
    expect(new Set(entries.map(({ source }) => source))).toEqual(new Set(['127.0.0.1']));
    expect(entries.every(({ at }) => Math.abs(at - Date.now()) < 60_000)).toBe(true);
  });

  it('is asked by patient, actor and action', async () => {
    const about = await entriesOf('patientId=pw&action=view-notes');
    expect(about.length).toBeGreaterThan(0);
    expect(new Set(about.map(({ action }) => action))).toEqual(new Set(['view-notes']));
  });

  it('survives a store that is away for a while', async () => {
    const { AuditTrail } = await import('../../src/server/access/audit-trail.js');
    const inserted: unknown[] = [];
    let isAway = true;
    const client = {
      insert: async ({ values }: { values: unknown[] }) => {
        if (isAway) throw new Error('away');
        inserted.push(...values);
      },
    };
    const troubles: string[] = [];
    const trail = new AuditTrail(
      client as never,
      () => 0,
      (message) => troubles.push(message),
    );
    const who = { subject: 'x', role: 'viewer' as const, wards: new Set(['W']), expiresAt: null };
    trail.record(who, '127.0.0.1', { action: 'view-patient', outcome: 'allowed', patientId: 'p' });
    await trail.flush();
    expect([inserted.length, troubles.length]).toEqual([0, 1]);
    isAway = false;
    await trail.close();
    expect(inserted).toHaveLength(1);
  });
});
