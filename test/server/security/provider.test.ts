import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { providerVerifier } from '../../../src/server/access/tokens.js';
import { serverConfigSchema } from '../../../src/settings/server.js';
import { json, openTestStore, openWard, TestClient, tokenOf } from '../ward.js';

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

let store: Awaited<ReturnType<typeof openTestStore>>;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

/** A provider whose keys are `k1`, until another is added; it can go away and come back at its address. */
async function openProvider() {
  const keys = new Map<string, Key>();
  const published: object[] = [];
  const add = async (kid: string) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    keys.set(kid, privateKey);
    published.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' });
  };
  await add('k1');
  let asked = 0;
  const server: Server = createServer((request, response) => {
    asked++;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(request.url === '/keys' ? { keys: published } : { issuer, jwks_uri: `${issuer}/keys` }),
    );
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const goAway = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(() => void goAway());
  const sign = (kid = 'k1', { key = keys.get(kid)!, from = issuer } = {}) =>
    new SignJWT({ ward_role: 'viewer', ward_ids: ['W'] })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setSubject('nurse@example')
      .setAudience('wardstream')
      .setIssuer(from)
      .setExpirationTime('5m')
      .sign(key);
  return { issuer, add, goAway, comeBack: () => listen(port), sign, asked: () => asked };
}

async function openBehind({ issuer }: { issuer: string }) {
  const auth = { kind: 'oidc', issuer, claims: { role: 'ward_role', wards: 'ward_ids' } };
  const ward = await openWard(store.store, { server: serverConfigSchema.parse({ port: 0, auth }) });
  onTestFinished(() => ward.close());
  return ward;
}

describe('tokens of an OpenID Connect provider', () => {
  it('are verified by its published keys', async () => {
    const provider = await openProvider();
    const ward = await openBehind(provider);
    const status = async (token: string) => (await ward.get('/api/v1/session', token)).status;
    const session = await ward.get('/api/v1/session', await provider.sign());
    expect(await json(session)).toMatchObject({ subject: 'nurse@example', role: 'viewer', wards: ['W'] });
    const forged = (await generateKeyPair('ES256')).privateKey;
    expect(await status(await provider.sign('k1', { key: forged }))).toBe(401);
    expect(await status(await provider.sign('k1', { from: 'https://evil.example' }))).toBe(401);
    // A token of the shared-secret kind is worth nothing here.
    expect(await status(await tokenOf('admin'))).toBe(401);
  });

  it('are judged by the keys that are known while it is away, and are never called invalid where they may be valid', async () => {
    const provider = await openProvider();
    const ward = await openBehind(provider);
    const status = async (token: string) => (await ward.get('/api/v1/session', token)).status;
    expect(await status(await provider.sign())).toBe(200);
    await provider.goAway();
    await provider.add('k2');
    expect(await status(await provider.sign())).toBe(200);
    const forged = (await generateKeyPair('ES256')).privateKey;
    expect(await status(await provider.sign('k1', { key: forged }))).toBe(401);
    const unknown = await ward.get('/api/v1/session', await provider.sign('k2'));
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '10']);
    const client = new TestClient(ward.server.url, await provider.sign('k2'));
    const refused = await new Promise((resolve) =>
      client.socket.once('unexpected-response', (_, { statusCode, headers }) =>
        resolve([statusCode, headers['retry-after']]),
      ),
    );
    expect(refused).toEqual([503, '10']);
    const connected = new TestClient(ward.server.url, await provider.sign());
    await connected.next('hello');
    connected.send({ type: 'authenticate', token: await provider.sign('k2') });
    expect((await connected.closed).code).toBe(1013);
    // However many ask, they lock out nobody.
    for (let each = 0; each < 70; each++) expect(await status(await provider.sign('k2'))).toBe(503);
  });

  it('cannot be judged where it was never there', async () => {
    const provider = await openProvider();
    await provider.goAway();
    const ward = await openBehind(provider);
    expect((await ward.get('/api/v1/session', await provider.sign())).status).toBe(503);
  });

  it('with made-up keys do not make it be asked again and again', async () => {
    const provider = await openProvider();
    const ward = await openBehind(provider);
    expect((await ward.get('/api/v1/session', await provider.sign())).status).toBe(200);
    const before = provider.asked();
    const key = (await generateKeyPair('ES256')).privateKey;
    const statuses = new Set<number>();
    for (let each = 0; each < 20; each++)
      statuses.add(
        (await ward.get('/api/v1/session', await provider.sign(`made-up-${each}`, { key }))).status,
      );
    expect([...statuses]).toEqual([503]);
    expect(provider.asked() - before).toBeLessThanOrEqual(2);
  });

  it('of a key that it has made since are accepted when it has been asked; others are refused', async () => {
    const provider = await openProvider();
    let time = Date.now();
    const claims = { role: 'ward_role', wards: 'ward_ids' };
    const verify = providerVerifier(
      { issuer: provider.issuer, audience: 'wardstream', claims },
      { maxLifeMs: 3_600_000, now: () => time },
    );
    const outcome = async (token: string) =>
      verify(token).then(
        ({ subject }) => subject,
        (error: Error) => error.name,
      );
    expect(await outcome(await provider.sign())).toBe('nurse@example');
    await provider.add('k2');
    const { privateKey: key } = await generateKeyPair('ES256');
    const made = await provider.sign('made-up', { key });
    expect([await outcome(made), await outcome(await provider.sign('k2'))]).toEqual([
      'ProviderAway',
      'ProviderAway',
    ]);
    time += 11_000;
    expect([await outcome(made), await outcome(await provider.sign('k2'))]).toEqual([
      'TokenError',
      'nurse@example',
    ]);
    // Away for days: what is known serves, and it is asked again when it is back.
    await provider.goAway();
    await provider.add('k3');
    time += 3 * 86_400_000;
    expect(await outcome(await provider.sign('k2'))).toBe('nurse@example');
    expect(await outcome(await provider.sign('k3'))).toBe('ProviderAway');
    await provider.comeBack();
    time += 6000;
    expect(await outcome(await provider.sign('k3'))).toBe('nurse@example');
  });
});
