import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { MemoryBus } from '../bus/memory.js';
import { registryOf } from '../bus/schema-registry.js';
import { ReplayClock } from '../clock.js';
import { BusSink } from '../engine/bus-sink.js';
import { Engine } from '../engine/engine.js';
import type { Sink } from '../engine/outputs.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import { loadServed } from '../inference/served-model.js';
import type { Parts } from '../parts.js';
import { memoryBusOf } from '../settings/bus.js';
import type { Config } from '../settings/config.js';
import { openResults } from '../store/results.js';
import { StoreWriter } from '../store/writer/store-writer.js';

export interface HistoryOptions {
  readonly config: Config;
  /** Places results go to, before the store. */
  readonly sinks: readonly Sink[];
  readonly explainsAlerts: boolean;
  readonly asksModel: boolean;
  /** Whether what is wrong at a bed is told. */
  readonly watchesBeds: boolean;
  /** An open store that is written to in place of the configured one, and stays open. */
  readonly store?: ClickHouseClient | undefined;
}

/** What history streams through. */
export interface History {
  readonly bus: MemoryBus;
  readonly clock: ReplayClock;
  readonly engine: Engine;
  /** Resolves when all that the engine has dealt with is in the store. */
  settle(): Promise<void>;
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
  const store = options.store ?? (await configuredStore(config, parts));
  const written = store === null ? null : await openWritten(store, { config, bus, clock }, parts);
  const sinks = [...options.sinks, ...(written === null ? [] : [written.sink])];
  // History has no bed to go to: nobody is asked for a patient's ward.
  const alerts = { ...config.alerts, placeUnknownAfterMs: Number.POSITIVE_INFINITY };
  const settings = { ...config, alerts };
  const asked = { explainsAlerts, asksModel, watchesBeds };
  const engine = await Engine.open({ config: settings, bus, clock, sinks, ...asked });
  parts.keep(engine);
  return { bus, clock, engine, settle: async () => written?.settle() };
}

async function configuredStore({ store, model }: Config, parts: Parts): Promise<ClickHouseClient | null> {
  if (store.kind === 'none') return null;
  return parts.keep(await openResults(store, loadServed(model).config));
}

/** What fills the store from the bus, as it does live. */
async function openWritten(
  client: ClickHouseClient,
  { config, bus, clock }: Pick<History, 'bus' | 'clock'> & { readonly config: Config },
  parts: Parts,
) {
  const { limits, schemas, schemaRegistry, model } = config;
  const codec = new MessageCodec({ registry: registryOf(schemaRegistry), directory: schemas.directory });
  const writer = parts.keep(await StoreWriter.start({ bus, client, codec, limits, clock }));
  const sink = new BusSink(bus, codec, loadServed(model).config.version, { isLive: false });
  const settle = async () => {
    await sink.flush();
    while (bus.unreadBeside > 0) await sleep(1);
    await writer.flush();
  };
  return { sink, settle };
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
