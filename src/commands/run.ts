import { TechnicalNotices } from '../alerts/notices.js';
import { openLiveStore } from '../app/live-store.js';
import { log } from '../app/log.js';
import { Parts, untilStopped } from '../app/parts.js';
import { untilAvailable } from '../app/wait.js';
import { KafkaBus, type KafkaBusConfig } from '../bus/kafka.js';
import { SchemaRegistryClient } from '../bus/schema-registry.js';
import { LateNotices, type TroublesOptions } from '../bus/troubles.js';
import { CheckedClock } from '../checked-clock.js';
import { BusSink, OUTPUT_TOPICS } from '../engine/bus-sink.js';
import { Engine } from '../engine/engine.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import { loadModel } from '../inference/model.js';
import { Observer } from '../metrics/observe.js';
import { WardServer } from '../server/server.js';
import { type Config, loadConfig } from '../settings/config.js';
import { instanceOf } from '../settings/server.js';
import type { StoreConfig } from '../settings/store.js';
import { faultOf } from '../store/fault.js';
import type { OpenStore } from '../store/open.js';
import { recordModel } from '../store/queries.js';
import { StoreSink } from '../store/sink.js';
import { Spool } from '../store/spool.js';
import { WardView } from '../ward/ward-view.js';

/** `wardstream run`: the engine on live topics. Runs until `stop` resolves; fails where the pipeline does. */
export async function run(options: { readonly config: string }, stop: Promise<unknown>): Promise<void> {
  const config = loadConfig(options.config);
  const { bus, store } = config;
  if (bus.kind !== 'kafka') {
    throw new WardstreamError('WS_CONFIG', 'bus.kind must be kafka for run; for a demo use wardstream start');
  }
  if (store.kind === 'none') {
    throw new WardstreamError('WS_CONFIG', 'store.kind must be embedded or server for run');
  }
  const parts = new Parts();
  await untilStopped(parts, stop, () => live({ ...config, bus, store }, parts, stop));
}

type LiveConfig = Config & { readonly bus: KafkaBusConfig; readonly store: OpenStore };

/** Opens all parts in order and resolves with why the pipeline stopped. Null where `stop` resolves before. */
async function live(config: LiveConfig, parts: Parts, stop: Promise<unknown>): Promise<Error | null> {
  const { bus: busConfig, store: storeConfig, schemaRegistry } = config;
  const { config: modelConfig } = loadModel(config.model.version, config.model.directory);
  const { version: modelVersion } = modelConfig;
  const troubled: TroublesOptions = {
    onWarning: (message) => log.warn(message),
    onRelief: (message) => log.info(message),
  };
  const early = new LateNotices();
  const bus = await untilAvailable(
    'Kafka',
    () => KafkaBus.open(busConfig, { ...troubled, notices: early }),
    stop,
  );
  if (bus === null) return null;
  parts.keep(bus);
  const clock = new CheckedClock({ broker: bus.openClock(), troubles: bus.troubles });
  parts.keep(clock);
  const instance = instanceOf(config.server);
  const notices = new TechnicalNotices(clock, `${instance} ${process.pid}`);
  const observer = parts.keep(new Observer(clock, busConfig));
  const {
    client: store,
    ready,
    alertLog,
  } = await openLiveStore({
    store: storeConfig,
    instance,
    onReady: (client) => recordModel(client, modelConfig),
    onAway: () => observer.missStore(),
    stop,
  });
  parts.keep(store);
  const view = new WardView(alertLog, () => clock.now());
  const spool = spoolOf(storeConfig);
  const onTrouble = (message: string) => log.error(message);
  const storeSink = new StoreSink(store, modelVersion, {
    spool,
    notices,
    onTrouble,
    isLive: true,
    ready,
    onAway: (error) => {
      observer.missStore();
      log.warn(`the store is away, alerts still push: ${faultOf(error)}`);
    },
    onFull: ({ message }) => log.error(`results wait in memory until there is room: ${message}`),
    ...(storeConfig.kind === 'server' ? { maxWaitingBytes: storeConfig.maxWaitingBytes } : {}),
  });
  const toBus = new BusSink(bus, new MessageCodec(), modelVersion, { notices, onTrouble });
  // Who watches the ward is told first.
  const sinks = observer.around({ view, bus: toBus, store: storeSink });
  const registry = schemaRegistry === undefined ? undefined : new SchemaRegistryClient(schemaRegistry.url);
  const engine = await Engine.open({
    config,
    bus,
    clock,
    sinks,
    notices,
    registry,
    onWarning: (message) => log.warn(message),
  });
  parts.handOn(store);
  parts.keep(engine);
  early.open(notices);
  await clock.start();
  await bus.createTopics(OUTPUT_TOPICS);
  const server = await WardServer.open({
    config: config.server,
    view,
    store,
    bus,
    codec: engine.codec,
    clock,
    model: { version: modelVersion, directory: config.model.directory },
    catchingUp: () => engine.catchingUp,
    partitionOf: (patientId) => engine.partitionOf(patientId),
    explain: (patientId) => engine.explain(patientId),
    observability: observer.options(
      engine,
      {
        client: store,
        sink: storeSink,
        spoolBytes: spool === undefined ? undefined : () => spool.bytes,
      },
      config.metrics.token,
      { bus, clock },
    ),
    notices: engine.notices,
    onTrouble: (message) => log.warn(message),
  });
  parts.keep(server);
  await engine.start();
  parts.allow(config.shutdown.deadlineMs);
  const { localToken } = server;
  const shown = localToken === null ? '/ (with a token)' : `/#token=${localToken}`;
  process.stdout.write(`\n  Reading ${busConfig.brokers.join(', ')}; ward page: ${server.url}${shown}\n`);
  process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
  return engine.failed();
}

function spoolOf(store: StoreConfig): Spool | undefined {
  return store.kind === 'server' && store.spool !== undefined ? Spool.open(store.spool) : undefined;
}
