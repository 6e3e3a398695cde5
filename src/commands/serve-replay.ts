import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { log } from '../app/log.js';
import { ServedReplay, truthOf } from '../app/served.js';
import { MessageCodec } from '../events/codec.js';
import { loadModel } from '../inference/model.js';
import { WardServer } from '../server/server.js';
import type { Config } from '../settings/config.js';
import { openSource } from '../sources/open.js';
import { openStore } from '../store/open.js';
import { StoreSink } from '../store/sink.js';
import { WardView } from '../ward/ward-view.js';
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
const HOUR_MS = 3_600_000;

/**
 * `wardstream replay --serve`: history on the ward page, with play, pause, speed and seek, until `signal` says stop. With `stay`, only
 * that of one patient, whose page the address opens; with `at`, paused at that hour.
 */
export async function serveReplay(
  { from, patients, mapping, speed, serve: port, stay, at }: ServeReplayOptions,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const open = () => openSource(from, patients, mapping, keepOf(stay), config);
  log.info('reading the history once, for what truly happened');
  const truth = await truthOf(open(), config, signal);
  if (signal.aborted) return;
  if (stay !== undefined && !Number.isFinite(truth.from)) throw noSuchStay(stay, from);
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-'));
  const store = await openStore({ kind: 'embedded', directory });
  const { config: model } = loadModel(config.model.version, config.model.directory);
  const view = new WardView();
  const storeSink = new StoreSink(store, model.version);
  const pace = {
    speed: typeof speed === 'number' ? speed : DEFAULT_SPEED,
    isPlaying: speed !== 'step' && at === undefined,
  };
  const replayed = new ServedReplay({ open, config, truth, view, store, storeSink, ...pace });
  let server: WardServer | null = null;
  try {
    server = await WardServer.open({
      config: { ...config.server, port },
      view,
      store,
      bus: replayed.bus,
      codec: new MessageCodec(),
      clock: replayed.clock,
      model: { version: model.version, directory: config.model.directory },
      explain: (patientId) => replayed.explain(patientId),
      replay: replayed,
      onTrouble: (message) => log.warn(message),
    });
    if (at !== undefined) await replayed.seek(truth.from + at * HOUR_MS);
    const { localToken, url } = server;
    const fragment = new URLSearchParams({
      ...(localToken === null ? {} : { token: localToken }),
      ...(stay === undefined ? {} : { patient: stay }),
    });
    const address = `${url}/${fragment.size === 0 ? '' : `#${fragment}`}`;
    process.stdout.write(`\n  ${from} on the ward page: ${address}\n`);
    process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
    await Promise.race([stopped, replayed.failed()]);
  } finally {
    await replayed.close();
    await server?.close();
    await storeSink.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
