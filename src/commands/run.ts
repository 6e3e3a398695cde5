import { assembleLive } from '../app/assemble.js';
import { untilStopped } from '../app/life.js';
import { loadConfig } from '../settings/config.js';

/** `wardstream run`: the engine on live topics. Runs until `stop` resolves; fails where the pipeline does. */
export async function run(options: { readonly config: string }, stop: Promise<unknown>): Promise<void> {
  const config = loadConfig(options.config);
  await untilStopped(stop, async (life) => {
    const ward = await assembleLive(config, life);
    if (ward === null) return null;
    const { engine, server } = ward;
    const shown = server.localToken === null ? '/ (with a token)' : `/#token=${server.localToken}`;
    const from = config.bus.kind === 'kafka' ? config.bus.brokers.join(', ') : config.bus.kind;
    process.stdout.write(`\n  Reading ${from}; ward page: ${server.url}${shown}\n`);
    process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
    return engine.failed();
  });
}
