import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import type { Role } from '../../../src/contract/roles.js';
import { Access } from '../../../src/server/access/access.js';
import { openAuth } from '../../../src/server/access/open-auth.js';
import { sendersOf } from '../../../src/server/access/senders.js';
import { signToken } from '../../../src/server/access/tokens.js';
import { parseConfig } from '../../../src/settings/config.js';

const SECRET = 'a secret of at least thirty-two characters';

/** What a door makes of a request with a token of this role and these wards: who sends it, or the status of the refusal. */
async function admitted(role: Role, wards: readonly string[]): Promise<string | number> {
  const { server } = parseConfig({ server: { auth: { kind: 'secret', secret: SECRET } } });
  const clock = { now: () => Date.now(), live: true };
  const { verify, sessions } = await openAuth(server, clock);
  const admit = sendersOf(new Access({ ...server, verify, sessions, now: clock.now }));
  const who = { subject: 'lis', role, wards: new Set(wards) };
  const token = await signToken(SECRET, who, new Date(Date.now() + 60_000));
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    socket: { remoteAddress: '127.0.0.1' },
  };
  return admit(request as unknown as IncomingMessage).then(
    ({ subject }) => subject,
    ({ status }: { status: number }) => status,
  );
}

it('only a sender and an admin of every ward bring messages in', async () => {
  expect(await admitted('sender', ['*'])).toBe('lis');
  expect(await admitted('admin', ['*'])).toBe('lis');
  expect(await admitted('admin', ['ICU'])).toBe(403);
  for (const role of ['viewer', 'clinician', 'service'] as const)
    expect(await admitted(role, ['*'])).toBe(403);
});
