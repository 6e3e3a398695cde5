import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type TokenCommandOptions, token } from '../../src/commands/token.js';
import { secretVerifier } from '../../src/server/access/tokens.js';
import { temporaryDirectory } from '../helpers.js';

const SECRET = 'a secret of at least thirty-two characters';
const GIVEN = { subject: 'pager', role: 'service', wards: 'ICU,HDU', hours: 1 };

afterEach(() => vi.restoreAllMocks());

/** What the command prints, with this `server.auth`. */
async function printed(auth: object, more: Partial<TokenCommandOptions> = {}): Promise<string> {
  const config = join(temporaryDirectory(), 'ward.yaml');
  writeFileSync(config, JSON.stringify({ server: { auth } }));
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  await token({ config, ...GIVEN, ...more });
  return out;
}

describe('wardstream token', () => {
  it('prints a token that the server with the same settings takes', async () => {
    const claims = { role: 'ward_role', wards: 'ward_ids' };
    const text = await printed({ kind: 'secret', secret: SECRET, claims });
    const { subject, role, wards, expiresAt } = await secretVerifier(SECRET, claims, {
      maxLifeMs: 720 * 3_600_000,
      now: Date.now,
    })(text.trim());
    expect([subject, role, [...wards]]).toEqual(['pager', 'service', ['ICU', 'HDU']]);
    expect(Math.abs((expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  });

  it('says where it cannot', async () => {
    const secret = { kind: 'secret', secret: SECRET };
    await expect(printed({ kind: 'local' })).rejects.toThrow(/server.auth.kind is local, not secret/);
    await expect(printed({ kind: 'oidc', issuer: 'https://id.example' })).rejects.toThrow(
      /from the provider/,
    );
    await expect(printed(secret, { role: 'root' })).rejects.toThrow(
      /one of viewer, clinician, admin, service/,
    );
    await expect(printed(secret, { wards: '' })).rejects.toThrow(/at least one ward/);
  });
});
