import { MemoryBus } from '../bus/memory.js';
import { ReplayClock } from '../clock.js';
import { Engine } from '../engine/engine.js';
import type { Sink } from '../engine/outputs.js';
import { WardstreamError } from '../errors.js';
import { loadServed } from '../inference/served-model.js';
import type { Parts } from '../parts.js';
import { memoryBusOf } from '../settings/bus.js';
import type { Config } from '../settings/config.js';
import { openResults } from '../store/results.js';
import type { StoreSink } from '../store/sink.js';

export interface HistoryOptions {
  readonly config: Config;
  /** Places results go to, before the store. */
  readonly sinks: readonly Sink[];
  readonly explainsAlerts: boolean;
  readonly asksModel: boolean;
  /** Whether what is wrong at a bed is told. */
  readonly watchesBeds: boolean;
}

/** What history streams through. */
export interface History {
  readonly bus: MemoryBus;
  readonly clock: ReplayClock;
  readonly engine: Engine;
}

/**
 * Opens the pipeline of a process that reads history: a bus in memory, the store where one is configured, and the engine. Nobody looks at
 * it: `src/app/assemble.ts` opens processes that people watch.
 * @throws WardstreamError of the part that cannot be opened.
 */
export async function openHistory(options: HistoryOptions, parts: Parts): Promise<History> {
  const { config, explainsAlerts, asksModel, watchesBeds } = options;
  const clock = new ReplayClock();
  const bus = parts.keep(new MemoryBus(memoryBusOf(config)));
  let results: StoreSink | null = null;
  if (config.store.kind !== 'none') {
    const { config: model } = loadServed(config.model);
    results = parts.keep((await openResults(config.store, model)).sink);
  }
  const sinks = [...options.sinks, ...(results === null ? [] : [results])];
  // History has no bed to go to: nobody is asked for a patient's ward.
  const alerts = { ...config.alerts, placeUnknownAfterMs: Number.POSITIVE_INFINITY };
  const settings = { ...config, alerts };
  const asked = { explainsAlerts, asksModel, watchesBeds };
  const engine = await Engine.open({ config: settings, bus, clock, sinks, ...asked });
  if (results !== null) parts.handOn(results);
  parts.keep(engine);
  return { bus, clock, engine };
}

/** What is being opened. Rejects at once where the work is told to stop meanwhile: there is nothing under way to be finished. */
export async function unlessStopped<Opened>(
  opening: Promise<Opened>,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  const opened = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    const stop = () => reject(new WardstreamError('WS_STORE', 'stopped before store and model were open'));
    signal?.addEventListener('abort', stop, { signal: opened.signal });
  });
  try {
    return await Promise.race([opening, stopped]);
  } finally {
    opened.abort();
  }
}
