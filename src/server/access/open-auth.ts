import type { Clock } from '../../clock.js';
import { HOUR_MS } from '../../durations.js';
import type { ServerConfig } from '../../settings/server.js';
import { ALL_WARDS } from './principal.js';
import { Sessions } from './sessions.js';
import {
  DEFAULT_CLAIMS,
  newSecret,
  providerVerifier,
  secretVerifier,
  signToken,
  type TokenVerifier,
} from './tokens.js';

/** How tokens are verified and sessions are sealed; and a token to hand out, where this process makes its own. */
export interface OpenedAuth {
  readonly verify: TokenVerifier;
  readonly sessions: Sessions;
  readonly localToken: string | null;
}

const LOCAL_TOKEN_MS = 12 * HOUR_MS;

export async function openAuth(
  { auth, maxTokenHours, sessionSecret }: Pick<ServerConfig, 'auth' | 'maxTokenHours' | 'sessionSecret'>,
  clock: Clock,
): Promise<OpenedAuth> {
  const limits = { maxLifeMs: maxTokenHours * HOUR_MS, now: () => clock.now() };
  const sealedWith = (secret: string) => new Sessions(sessionSecret ?? secret);
  if (auth.kind === 'oidc') {
    return { verify: providerVerifier(auth, limits), sessions: sealedWith(newSecret()), localToken: null };
  }
  if (auth.kind === 'secret') {
    const { secret, claims } = auth;
    return { verify: secretVerifier(secret, claims, limits), sessions: sealedWith(secret), localToken: null };
  }
  const secret = newSecret();
  const who = { subject: 'local', role: 'admin', wards: new Set([ALL_WARDS]) } as const;
  const localToken = await signToken(secret, who, new Date(clock.now() + LOCAL_TOKEN_MS));
  const forEver = { ...limits, maxLifeMs: Number.POSITIVE_INFINITY };
  return {
    verify: secretVerifier(secret, DEFAULT_CLAIMS, forEver),
    sessions: sealedWith(secret),
    localToken,
  };
}
