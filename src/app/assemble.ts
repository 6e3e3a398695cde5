import type { EventBus } from '../bus/bus.js';
import { MemoryBus } from '../bus/memory.js';
import { LateNotices } from '../bus/troubles.js';
import { ReplayClock } from '../clock.js';
import type { Door } from '../doors/door.js';
import type { Engine } from '../engine/engine.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import { loadServed } from '../inference/served-model.js';
import type { ObservabilityOptions } from '../metrics/readiness.js';
import { HealthServer } from '../server/health-server.js';
import type { WardServer } from '../server/server.js';
import { memoryBusOf } from '../settings/bus.js';
import type { Config } from '../settings/config.js';
import type { ProcessRole } from '../settings/roles.js';
import type { ReplaySource } from '../sources/source.js';
import { openResults } from '../store/results.js';
import type { StoreWriter } from '../store/writer/store-writer.js';
import { WardView } from '../ward/ward-view.js';
import { openEngine } from './engine-role.js';
import { openGateway, openOwnPage, openWardServer } from './gateway-role.js';
import { openIngest } from './ingest-role.js';
import type { Life } from './life.js';
import { openLiveLog } from './live-log.js';
import { openNotifiers } from './notifier-role.js';
import { openPorts, type Ports, temporaryStore } from './ports.js';
import { ServedReplay, type Truth } from './served.js';
import { type OpenedStore, openStoreOf, openWriter } from './writer-role.js';

/** A process that watches patients and shows them. */
export interface Ward {
  readonly engine: Engine;
  readonly server: WardServer;
}

/** A process over a log that outlives it, with the roles of its settings. */
export interface LiveWard {
  readonly bus: EventBus;
  /** Null where it has not the role. */
  readonly engine: Engine | null;
  readonly address: ProcessAddress;
  readonly doors: readonly Door[];
  /** Resolves when one of the roles has ended by itself, with the reason. */
  failed(): Promise<Error>;
}

/** Where a process answers. */
export interface ProcessAddress {
  readonly url: string;
  /** The one-off token, where the process makes its own. */
  readonly localToken: string | null;
  /** False where it has health and metrics only. */
  readonly hasPage: boolean;
}

/** As `Ward`, over a bus in memory and a clock that whoever feeds the bus moves on. */
export interface FedWard extends Ward {
  readonly bus: MemoryBus;
  readonly clock: ReplayClock;
}

/**
 * Opens a process on live topics with the roles of its settings, and reads them. Null where it is told to stop before.
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
  const roles: ReadonlySet<ProcessRole> = new Set(config.roles);
  if (config.store.kind === 'none' && needsStore(roles)) {
    throw new WardstreamError('WS_CONFIG', 'store.kind must be embedded or server for run');
  }
  // What is wrong with the model is said before anybody waits for Kafka.
  const model = loadServed(config.model).config;
  const early = new LateNotices();
  const live = await openLiveLog(busConfig, life, early);
  if (live === null) return null;
  const { bus, clock } = live;
  const ports = openPorts(config, life, { model, bus, clock, live });
  const opened = await openRoles(ports, roles);
  early.open(ports.notices);
  await clock.start();
  if (roles.has('notifier')) await openNotifiers(ports, opened.store?.client ?? null);
  const server = await begin(ports, opened);
  const access = server instanceof HealthServer ? null : server.access;
  const doors = roles.has('ingest') ? await openIngest(ports, live, access) : [];
  return {
    bus,
    doors,
    engine: opened.engine,
    address: addressOf(server),
    failed: () => failureOf([opened.engine, opened.writer]),
  };
}

/** Opens a process over a bus in memory, which whoever calls this feeds. @throws as `assembleLive`. */
export async function assembleFed(config: Config, life: Life): Promise<FedWard> {
  const clock = new ReplayClock();
  const bus = life.parts.keep(new MemoryBus(memoryBusOf(config)));
  const model = loadServed(config.model).config;
  const ports = openPorts(config, life, { model, bus, clock, live: null });
  const opened = await openRoles(ports, new Set<ProcessRole>(['engine', 'gateway', 'writer']));
  const server = (await begin(ports, opened)) as WardServer;
  return { engine: opened.engine as Engine, server, bus, clock };
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
  const model = loadServed(config.model).config;
  const store = parts.keep(await openResults(temporaryStore(parts), model));
  const view = new WardView();
  const replayed = parts.keep(new ServedReplay({ ...options, config, view, store }));
  const server = await openWardServer(config, parts, {
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

/** The roles of a process, opened and not reading yet. */
interface OpenRoles {
  readonly roles: ReadonlySet<ProcessRole>;
  readonly engine: Engine | null;
  readonly writer: StoreWriter | null;
  readonly store: OpenedStore | null;
  readonly view: WardView | null;
}

/** Opens the roles: who is read from before who reads. They close in the reverse order. */
async function openRoles(ports: Ports, roles: ReadonlySet<ProcessRole>): Promise<OpenRoles> {
  const store = needsStore(roles) ? await openStoreOf(ports) : null;
  const writer = store !== null && roles.has('writer') ? await openWriter(ports, store) : null;
  // What is in memory is read by nobody else: the page is the engine's own.
  const view = store !== null && ports.live === null ? new WardView(store.alertLog) : null;
  const engine = roles.has('engine') ? await openEngine(ports, view) : null;
  return { roles, engine, writer, store, view };
}

/** Shows what there is to show, and lets the roles begin to read. */
async function begin(ports: Ports, opened: OpenRoles): Promise<WardServer | HealthServer> {
  const { config, life, observer, live } = ports;
  const { engine, writer, store } = opened;
  const measured = store === null ? null : { client: store.client, writer };
  const observability = observer.options(engine, measured, config.metrics.token, live ?? undefined);
  const server = await openServer(ports, opened, observability);
  await engine?.start();
  life.allow(config.shutdown.deadlineMs);
  return server;
}

async function openServer(
  ports: Ports,
  { roles, engine, store: opened, view }: OpenRoles,
  observability: ObservabilityOptions,
): Promise<WardServer | HealthServer> {
  const { config, life } = ports;
  if (opened === null || !roles.has('gateway')) {
    return life.parts.keep(await HealthServer.open(config.server, observability));
  }
  const { client: store } = opened;
  if (engine !== null && view !== null) return openOwnPage(ports, { engine, store, view, observability });
  return openGateway(ports, { store, observability });
}

/** Of the first role that ends by itself. */
function failureOf(roles: readonly (Pick<Engine, 'failed'> | null)[]): Promise<Error> {
  return Promise.race(roles.map((role) => role?.failed() ?? new Promise<Error>(() => undefined)));
}

function addressOf(server: WardServer | HealthServer): ProcessAddress {
  const { url } = server;
  return server instanceof HealthServer
    ? { url, localToken: null, hasPage: false }
    : { url, localToken: server.localToken, hasPage: true };
}

function needsStore(roles: ReadonlySet<ProcessRole>): boolean {
  return roles.has('gateway') || roles.has('writer');
}
