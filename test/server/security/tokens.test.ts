import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/settings/config.js';
import { openWard, SECRET, tokenOf } from '../ward.js';
import { openPeople, type People } from './people.js';

const HOUR_MS = 3_600_000;

let ward: People;
beforeAll(async () => {
  ward = await openPeople();
});
afterAll(() => ward.close());

describe('tokens', () => {
  const status = async (token: string) => (await ward.get('/api/v1/session', token)).status;

  it('are refused where they are expired, unsigned, of another audience, or say no role', async () => {
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

  it('that live longer than is allowed are refused, whatever they say of their issue', async () => {
    const other = await openWard(ward.store, { server: { maxTokenHours: 24 } });
    const key = new TextEncoder().encode(SECRET);
    const sign = async (hours: number, issuedAgoHours: number | null) => {
      const token = new SignJWT({ role: 'viewer', wards: ['W'] })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject('x')
        .setAudience('wardstream')
        .setExpirationTime(new Date(Date.now() + hours * HOUR_MS));
      if (issuedAgoHours !== null) token.setIssuedAt(new Date(Date.now() - issuedAgoHours * HOUR_MS));
      return (await other.get('/api/v1/session', await token.sign(key))).status;
    };
    expect([await sign(23, 0.5), await sign(23, null)]).toEqual([200, 200]);
    expect([await sign(25, 0), await sign(25, null), await sign(25, -10), await sign(1, 24)]).toEqual([
      401, 401, 401, 401,
    ]);
    await other.close();
  });
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
