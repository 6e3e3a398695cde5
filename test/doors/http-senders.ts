import { onTestFinished } from 'vitest';
import type { Door } from '../../src/doors/door.js';
import type { HttpContext } from '../../src/doors/http/http-door.js';
import { DoorProblem } from '../../src/doors/http/problem.js';
import { DoorMeters } from '../../src/doors/meters.js';
import { DEFAULT_LIMITS } from '../../src/settings/config.js';
import { HeldLog } from './held-log.js';

/** The clock of tests of doors. */
export const NOW = Date.UTC(2026, 0, 14, 9, 30);

/** A door, what it is given, and what came of it. Tokens are names of senders; `nobody` is none. */
export async function openDoor(open: (context: HttpContext) => Promise<Door>) {
  const bus = new HeldLog();
  const clock = { now: () => NOW, live: true };
  const meters = new DoorMeters(clock);
  const warnings: string[] = [];
  const admit: HttpContext['admit'] = async ({ headers }) => {
    const subject = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1] ?? 'nobody';
    if (subject === 'nobody') throw new DoorProblem(401, 'a valid access token is needed');
    return { subject };
  };
  const onWarning = (message: string) => void warnings.push(message);
  const door = await open({ bus, clock, limits: DEFAULT_LIMITS, meters, onWarning, admit });
  onTestFinished(() => door.close());
  return { door, bus, meters, warnings, url: door.address };
}
