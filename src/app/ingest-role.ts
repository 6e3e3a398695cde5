import { WALL_CLOCK } from '../clock.js';
import type { Door } from '../doors/door.js';
import type { Admit } from '../doors/http/http-door.js';
import { openDoors } from '../doors/open-doors.js';
import { WardstreamError } from '../errors.js';
import { Access } from '../server/access/access.js';
import { openAuth } from '../server/access/open-auth.js';
import { sendersOf } from '../server/access/senders.js';
import type { Config } from '../settings/config.js';
import { takesTokens } from '../settings/doors.js';
import type { LiveLog } from './live-log.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/**
 * Opens the role `ingest`: the doors of the settings, which take messages from now on. `access` is that of the process's page; null
 * where it has none. @throws WardstreamError `WS_CONFIG` where nobody could have a token that a door asks for.
 */
export async function openIngest(
  { config, life }: Ports,
  { bus, clock, doors: meters }: LiveLog,
  access: Access | null,
): Promise<Door[]> {
  const onWarning = (message: string) => log.warn(message);
  const admit = config.doors.some(takesTokens) ? sendersOf(access ?? (await openAccess(config))) : nobody;
  return openDoors(config.doors, { bus, clock, limits: config.limits, meters, onWarning, admit }, life.parts);
}

/** How tokens are checked in a process without a page. */
async function openAccess({ server }: Config): Promise<Access> {
  if (server.auth.kind === 'local') {
    const what = 'doors over HTTP ask for a token, and this process, which has no page, makes none';
    throw new WardstreamError('WS_CONFIG', `server.auth.kind is local: ${what}; set secret or oidc`);
  }
  const { verify, sessions } = await openAuth(server, WALL_CLOCK);
  return new Access({ ...server, verify, sessions, now: () => WALL_CLOCK.now() });
}

const nobody: Admit = () => Promise.reject(new Error('no door asks for a token'));
