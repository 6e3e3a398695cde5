import { WALL_CLOCK } from '../clock.js';
import { ROLES, type Role } from '../contract/roles.js';
import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import { signToken } from '../server/access/tokens.js';
import { loadConfig } from '../settings/config.js';

export interface TokenCommandOptions {
  readonly config: string;
  readonly subject: string;
  readonly role: string;
  readonly wards: string;
  readonly hours: number;
}

/** `wardstream token`: a token of the configured shared secret. */
export async function token(options: TokenCommandOptions): Promise<void> {
  const { auth, maxTokenHours } = loadConfig(options.config).server;
  if (auth.kind !== 'secret') {
    const hint = auth.kind === 'oidc' ? 'tokens come from the provider' : 'start and run print theirs';
    throw new WardstreamError('WS_CONFIG', `server.auth.kind is ${auth.kind}, not secret: ${hint}`);
  }
  if (options.hours > maxTokenHours) {
    throw new WardstreamError('WS_USAGE', `--hours: server.maxTokenHours accepts ${maxTokenHours} at most`);
  }
  const role = ROLES.find((each) => each === options.role) as Role | undefined;
  if (role === undefined) {
    throw new WardstreamError('WS_USAGE', `--role ${options.role}: it must be one of ${ROLES.join(', ')}`);
  }
  const wards = new Set(options.wards.split(',').filter((each) => each !== ''));
  if (wards.size === 0) throw new WardstreamError('WS_USAGE', '--wards: name at least one ward, or *');
  const until = new Date(WALL_CLOCK.now() + options.hours * HOUR_MS);
  process.stdout.write(
    `${await signToken(auth.secret, { subject: options.subject, role, wards }, until, auth.claims)}\n`,
  );
}
