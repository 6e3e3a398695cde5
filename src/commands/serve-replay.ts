import { assembleReplay } from '../app/assemble.js';
import { untilStopped } from '../app/life.js';
import { log } from '../app/log.js';
import { truthOf } from '../app/served.js';
import { HOUR_MS } from '../durations.js';
import type { Config } from '../settings/config.js';
import { openSource } from '../sources/open-source.js';
import { keepOf, noSuchStay } from './one-stay.js';

export interface ServeReplayOptions {
  readonly from: string;
  readonly patients?: number;
  readonly mapping?: string;
  readonly speed: number | 'max' | 'step';
  readonly serve: number;
  readonly stay?: string;
  readonly at?: number;
}

/** Watched history is no use faster than this unless somebody asks for it on the page. */
const DEFAULT_SPEED = 60;

/**
 * `wardstream replay --serve`: history on the ward page, with play, pause, speed and seek, until `signal` says stop. With `stay`, only
 * that of one patient, whose page the address opens; with `at`, paused at that hour.
 */
export async function serveReplay(
  { from, patients, mapping, speed, serve: port, stay, at }: ServeReplayOptions,
  settings: Config,
  signal: AbortSignal,
): Promise<void> {
  const config = { ...settings, server: { ...settings.server, port } };
  const stop = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const open = () => openSource(from, patients, mapping, keepOf(stay), config);
  await untilStopped(stop, async (life) => {
    log.info('reading the history once, for what truly happened');
    const truth = await truthOf(open(), config, signal);
    if (signal.aborted) return null;
    if (stay !== undefined && !Number.isFinite(truth.from)) throw noSuchStay(stay, from);
    const { replayed, server } = await assembleReplay(config, life, {
      open,
      truth,
      speed: typeof speed === 'number' ? speed : DEFAULT_SPEED,
      isPlaying: speed !== 'step' && at === undefined,
    });
    life.allow(config.shutdown.deadlineMs);
    if (at !== undefined) await replayed.seek(truth.from + at * HOUR_MS);
    const { localToken, url } = server;
    const fragment = new URLSearchParams({
      ...(localToken === null ? {} : { token: localToken }),
      ...(stay === undefined ? {} : { patient: stay }),
    });
    const address = `${url}/${fragment.size === 0 ? '' : `#${fragment}`}`;
    process.stdout.write(`\n  ${from} on the ward page: ${address}\n`);
    process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
    return replayed.failed();
  });
}
