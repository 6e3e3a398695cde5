import { SingleBar } from 'cli-progress';
import { type Config, loadConfig, parseConfig } from '../config.js';
import { openSource } from '../replay/open.js';
import { replay } from '../replay/replay.js';
import { embeddedStore } from '../store/settings.js';
import { printResult } from './cli.js';

export interface ReplayCommandOptions {
  readonly from: string;
  readonly patients?: number;
  readonly mapping?: string;
  readonly speed: number | 'max';
  readonly store?: string;
  readonly config?: string;
  readonly json: boolean;
}

/** `wardstream replay`: history through the pipeline, and what came of it. */
export async function replayCommand(options: ReplayCommandOptions): Promise<void> {
  const source = openSource(options.from, options.patients, options.mapping);
  const bar = new SingleBar({
    format: '{bar} {value}/{total} stays | {eta_formatted} left',
    clearOnComplete: true,
  });
  const isShown = process.stderr.isTTY === true;
  if (isShown) bar.start(source.total, 0);
  try {
    const result = await replay(source, {
      config: configOf(options),
      speed: options.speed,
      ...(isShown ? { onProgress: (patients: number) => bar.update(patients) } : {}),
    });
    if (isShown) bar.stop();
    printResult(result, options.json);
  } finally {
    if (isShown) bar.stop();
  }
}

function configOf({ config, store }: ReplayCommandOptions): Config {
  const base = config === undefined ? parseConfig({}) : loadConfig(config);
  return store === undefined ? base : { ...base, store: embeddedStore(store) };
}
