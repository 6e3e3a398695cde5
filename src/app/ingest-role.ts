import type { Door } from '../doors/door.js';
import { openDoors } from '../doors/open-doors.js';
import type { LiveLog } from './live-log.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/** Opens the role `ingest`: the doors of the settings, which take messages from now on. */
export function openIngest({ config, life }: Ports, { bus, clock, doors: meters }: LiveLog): Promise<Door[]> {
  const onWarning = (message: string) => log.warn(message);
  return openDoors(config.doors, { bus, clock, limits: config.limits, meters, onWarning }, life.parts);
}
