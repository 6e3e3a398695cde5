import type { Clock } from '../../clock.js';
import type { AuthConfig } from '../config.js';
import { ALL_WARDS } from './principal.js';
import { newSecret, providerVerifier, secretVerifier, signToken, type TokenVerifier } from './tokens.js';

/** How tokens are verified; and a token to hand out, where this process makes its own. */
export interface OpenedAuth {
  readonly verify: TokenVerifier;
  readonly localToken: string | null;
}

const HOUR_MS = 3_600_000;
const LOCAL_TOKEN_MS = 12 * HOUR_MS;

export async function openAuth(config: AuthConfig, clock: Clock): Promise<OpenedAuth> {
  if (config.kind === 'oidc') return { verify: providerVerifier(config), localToken: null };
  if (config.kind === 'secret') {
    return { verify: secretVerifier(config.secret, config.claims), localToken: null };
  }
  const secret = newSecret();
  const who = { subject: 'local', role: 'admin', wards: new Set([ALL_WARDS]) } as const;
  const localToken = await signToken(secret, who, new Date(clock.now() + LOCAL_TOKEN_MS));
  return { verify: secretVerifier(secret), localToken };
}
