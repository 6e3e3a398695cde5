import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { TechnicalNotices } from '../alerts/notices.js';
import type { EventBus } from '../bus/bus.js';
import { EmbeddedBus } from '../bus/embedded/bus.js';
import { KafkaBus, type KafkaBusConfig } from '../bus/kafka.js';
import { MemoryBus } from '../bus/memory.js';
import { LateNotices } from '../bus/troubles.js';
import { CheckedClock } from '../checked-clock.js';
import { type Clock, ReplayClock } from '../clock.js';
import { BusSink, OUTPUT_TOPICS } from '../engine/bus-sink.js';
import { Engine } from '../engine/engine.js';
import type { Sink } from '../engine/outputs.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import type { ModelConfig } from '../inference/model.js';
import { loadServed } from '../inference/served-model.js';
import { type LiveParts, Observer } from '../metrics/observe.js';
import type { Parts } from '../parts.js';
import { type ServerOptions, WardServer } from '../server/server.js';
import { type EmbeddedBusConfig, memoryBusOf } from '../settings/bus.js';
import type { Config } from '../settings/config.js';
import { instanceOf } from '../settings/server.js';
import { embeddedStore } from '../settings/store.js';
import type { ReplaySource } from '../sources/source.js';
import { faultOf } from '../store/fault.js';
import type { OpenStore } from '../store/open-store.js';
import { openResults } from '../store/results.js';
import { StoreSink } from '../store/sink.js';
import { Spool } from '../store/spool.js';
import { WardView } from '../ward/ward-view.js';
import type { Life } from './life.js';
import { openLiveStore } from './live-store.js';
import { log } from './log.js';
import { ServedReplay, type Truth } from './served.js';
import { untilAvailable } from './wait.js';

/** A process that watches patients and shows them. */
export interface Ward {
  readonly engine: Engine;
  readonly server: WardServer;
}

/** As `Ward`, over a log that outlives it. */
export interface LiveWard extends Ward {
  readonly bus: EventBus;
}

/** As `Ward`, over a bus in memory and a clock that whoever feeds the bus moves on. */
export interface FedWard extends Ward {
  readonly bus: MemoryBus;
  readonly clock: ReplayClock;
}

const onWarning = (message: string) => log.warn(message);
const onTrouble = (message: string) => log.error(message);

/**
 * Opens a process on live topics, and reads them. Null where it is told to stop before.
 * @throws WardstreamError of the part that cannot be opened; `WS_CONFIG` where the settings name no log or no store.
 */
export async function assembleLive(config: Config, life: Life): Promise<LiveWard | null> {
  const { bus: busConfig } = config;
  if (busConfig.kind === 'memory') {
    throw new WardstreamError(
      'WS_CONFIG',
      'bus.kind must be kafka or embedded for run; for a demo use wardstream start',
    );
  }
  if (config.store.kind === 'none') {
    throw new WardstreamError('WS_CONFIG', 'store.kind must be embedded or server for run');
  }
  // What is wrong with the model is said before anybody waits for Kafka.
  const model = modelOf(config);
  const early = new LateNotices();
  const log = await (busConfig.kind === 'kafka'
    ? openKafka(busConfig, life, early)
    : openEmbedded(busConfig, life, early));
  if (log === null) return null;
  const { bus, clock } = log;
  const opened = await openEngine(config, life, { model, bus, clock, live: log });
  early.open(opened.notices);
  await clock.start();
  await bus.createTopics(OUTPUT_TOPICS);
  return { ...(await serve(config, life, opened)), bus };
}

const onRelief = (message: string) => log.info(message);

/** Waits for the brokers, but not longer than until the process is told to stop: then null. */
async function openKafka(
  config: KafkaBusConfig,
  { parts, stop }: Life,
  notices: LateNotices,
): Promise<LiveLog | null> {
  const troubled = { onWarning, onRelief, notices };
  const bus = await untilAvailable('Kafka', () => KafkaBus.open(config, troubled), stop);
  if (bus === null) return null;
  parts.keep(bus);
  const clock = parts.keep(new CheckedClock({ broker: bus.openClock(), troubles: bus.troubles }));
  return { bus, clock, kafka: config };
}

async function openEmbedded(
  { directory, partitions }: EmbeddedBusConfig,
  { parts }: Life,
  notices: LateNotices,
): Promise<LiveLog> {
  const bus = parts.keep(EmbeddedBus.open({ directory, partitions, onWarning, onRelief, notices }));
  // Whoever writes is on this machine, by its clock: only the times of their events can tell that it is wrong.
  const clock = parts.keep(new CheckedClock({ broker: null, troubles: bus.troubles }));
  return { bus, clock, kafka: null };
}

/** Opens a process over a bus in memory, which whoever calls this feeds. @throws as `assembleLive`. */
export async function assembleFed(config: Config, life: Life): Promise<FedWard> {
  const clock = new ReplayClock();
  const bus = life.parts.keep(new MemoryBus(memoryBusOf(config)));
  const opened = await openEngine(config, life, { model: modelOf(config), bus, clock, live: null });
  return { ...(await serve(config, life, opened)), bus, clock };
}

export interface WatchedReplayOptions {
  /** Opens the history from its beginning. */
  readonly open: () => ReplaySource;
  readonly truth: Truth;
  /** Event time per real time; null is as fast as it goes. */
  readonly speed: number | null;
  readonly isPlaying: boolean;
}

/** Opens a process that shows a history, which people steer. @throws as `assembleLive`. */
export async function assembleReplay(
  config: Config,
  { parts }: Life,
  options: WatchedReplayOptions,
): Promise<{ readonly replayed: ServedReplay; readonly server: WardServer }> {
  const model = modelOf(config);
  const { client: store, sink } = await openResults(temporaryStore(parts), model);
  parts.keep(sink);
  const view = new WardView();
  const replayed = parts.keep(new ServedReplay({ ...options, config, view, store, storeSink: sink }));
  const server = await openServer(config, parts, {
    model,
    view,
    store,
    bus: replayed.bus,
    codec: new MessageCodec(),
    clock: replayed.clock,
    explain: (patientId) => replayed.explain(patientId),
    replay: replayed,
  });
  return { replayed, server };
}

/** An embedded store in a directory that goes with the process. */
function temporaryStore(parts: Parts): OpenStore {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-'));
  // What was opened last may still write a file into it.
  const again = { maxRetries: 10, retryDelay: 50 };
  parts.keep({ close: () => rm(directory, { recursive: true, force: true, ...again }) });
  return embeddedStore(directory);
}

/** Where the events of a ward come from. */
interface Feed {
  /** What scores them. */
  readonly model: ModelConfig;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Null where events come from within the process. */
  readonly live: LiveLog | null;
}

/** A log that outlives the process, and the clock of who reads it. */
interface LiveLog extends LiveParts {
  readonly bus: LiveParts['bus'] & EventBus;
  readonly clock: CheckedClock;
  /** Null where it is in a directory. */
  readonly kafka: KafkaBusConfig | null;
}

/** An engine that does not read yet, and what a server shows of it. */
interface OpenEngine extends Feed {
  readonly engine: Engine;
  readonly notices: TechnicalNotices;
  readonly observer: Observer;
  readonly view: WardView;
  readonly store: ClickHouseClient;
  readonly sink: StoreSink;
  readonly spool: Spool | undefined;
}

/** Opens store, sinks and engine, in this order. */
async function openEngine(config: Config, life: Life, feed: Feed): Promise<OpenEngine> {
  const { parts, stop } = life;
  const { model, bus, clock } = feed;
  const instance = instanceOf(config.server);
  const notices = new TechnicalNotices(clock, `${instance} ${process.pid}`);
  const observer = parts.keep(new Observer(clock, feed.live?.kafka ?? null));
  const live = await openLiveStore({
    store: config.store.kind === 'none' ? temporaryStore(parts) : config.store,
    instance,
    model,
    onAway: () => observer.missStore(),
    stop,
  });
  const { client: store } = live;
  parts.keep(store);
  const spool = spoolOf(config);
  const sink = new StoreSink(store, model.version, {
    spool,
    notices,
    onTrouble,
    isLive: clock.live,
    ready: live.ready,
    onAway: (error) => {
      observer.missStore();
      log.warn(`the store is away, alerts still push: ${faultOf(error)}`);
    },
    onFull: ({ message }) => log.error(`results wait in memory until there is room: ${message}`),
    ...(config.store.kind === 'server' ? { maxWaitingBytes: config.store.maxWaitingBytes } : {}),
  });
  parts.handOn(store);
  parts.keep(sink);
  const view = new WardView(live.alertLog, clock.live ? () => clock.now() : undefined);
  // Who watches the ward is told first.
  const sinks: [string, Sink][] = [['view', view]];
  if (feed.live !== null)
    sinks.push(['bus', new BusSink(bus, new MessageCodec(), model.version, { notices, onTrouble })]);
  sinks.push(['store', sink]);
  const engine = await Engine.open({
    config,
    bus,
    clock,
    sinks: observer.around(sinks),
    notices,
    onWarning,
  });
  parts.handOn(sink);
  parts.keep(engine);
  return { ...feed, engine, notices, observer, view, store, sink, spool };
}

/** Shows what the engine does, and lets it begin to read. */
async function serve(config: Config, { parts, allow }: Life, opened: OpenEngine): Promise<Ward> {
  const { model, engine, notices, observer, view, store, sink, spool, bus, clock } = opened;
  const spoolBytes = spool === undefined ? undefined : () => spool.bytes;
  const measured = { client: store, sink, spoolBytes };
  const server = await openServer(config, parts, {
    model,
    view,
    store,
    bus,
    clock,
    notices,
    codec: engine.codec,
    // Only what partitions are assigned to can be behind its share of them.
    ...(opened.live === null ? {} : { catchingUp: () => engine.catchingUp }),
    partitionOf: (patientId) => engine.partitionOf(patientId),
    explain: (patientId) => engine.explain(patientId),
    observability: observer.options(engine, measured, config.metrics.token, opened.live ?? undefined),
  });
  await engine.start();
  allow(config.shutdown.deadlineMs);
  return { engine, server };
}

/** Opens HTTP, push and page over what they show. */
async function openServer(
  { server: config, model: { directory } }: Config,
  parts: Parts,
  { model: { version }, ...shown }: Omit<ServerOptions, 'config' | 'onTrouble'>,
): Promise<WardServer> {
  const options = { ...shown, config, model: { version, directory }, onTrouble: onWarning };
  return parts.keep(await WardServer.open(options));
}

function modelOf({ model }: Config): ModelConfig {
  return loadServed(model).config;
}

function spoolOf({ store }: Config): Spool | undefined {
  return store.kind === 'server' && store.spool !== undefined ? Spool.open(store.spool) : undefined;
}
