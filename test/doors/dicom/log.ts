import { onTestFinished } from 'vitest';
import type { Door, DoorContext } from '../../../src/doors/door.js';
import { DoorMeters } from '../../../src/doors/meters.js';
import { DEFAULT_LIMITS, parseConfig } from '../../../src/settings/config.js';
import type { DoorConfig } from '../../../src/settings/doors.js';
import { HeldLog } from '../held-log.js';

export const NOW = Date.UTC(2026, 2, 4, 12);

/** Opens a door over a log of its own, until the test ends. */
export async function openDoor<Config extends DoorConfig>(
  settings: object,
  open: (config: Config, context: DoorContext) => Promise<Door>,
) {
  const [config] = parseConfig({ doors: [{ port: 0, name: 'pictures', ...settings }] }).doors;
  const clock = { now: () => NOW, live: true };
  const bus = new HeldLog();
  const meters = new DoorMeters(clock);
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const door = await open(config as Config, { bus, clock, limits: DEFAULT_LIMITS, meters, onWarning });
  onTestFinished(() => door.close());
  return { door, bus, meters, warnings, port: Number(new URL(door.address).port) };
}
