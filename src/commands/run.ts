import { assembleLive, type ProcessAddress } from '../app/assemble.js';
import { untilStopped } from '../app/life.js';
import { loadConfig } from '../settings/config.js';
import type { ProcessRole } from '../settings/roles.js';

export interface RunOptions {
  readonly config: string;
  /** In place of those of the settings. */
  readonly roles?: readonly ProcessRole[] | undefined;
}

/** `wardstream run`: a process on live topics. Runs until `stop` resolves; fails where one of its roles does. */
export async function run(options: RunOptions, stop: Promise<unknown>): Promise<void> {
  const settings = loadConfig(options.config);
  const config = { ...settings, roles: [...(options.roles ?? settings.roles)] };
  await untilStopped(stop, async (life) => {
    const ward = await assembleLive(config, life);
    if (ward === null) return null;
    const from = config.bus.kind === 'kafka' ? config.bus.brokers.join(', ') : config.bus.kind;
    process.stdout.write(`\n  Reading ${from}; ${shownAt(ward.address)}\n`);
    for (const { name, address } of ward.doors) process.stdout.write(`  Door ${name}: ${address}\n`);
    process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
    return ward.failed();
  });
}

function shownAt({ url, localToken, hasPage }: ProcessAddress): string {
  if (!hasPage) return `${url}/health/ready`;
  return `ward page: ${url}${localToken === null ? '/ (with a token)' : `/#token=${localToken}`}`;
}
