import { TechnicalNotices } from '../alerts/notices.js';
import { KafkaBus } from '../bus/kafka.js';
import { SchemaRegistryClient } from '../bus/schema-registry.js';
import { WALL_CLOCK } from '../clock.js';
import { loadConfig } from '../config.js';
import { BusSink, OUTPUT_TOPICS } from '../engine/bus-sink.js';
import { Engine } from '../engine/engine.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import { loadModel } from '../inference/model.js';
import { Observer } from '../metrics/observe.js';
import { instanceOf } from '../server/config.js';
import { explanationView } from '../server/explanation.js';
import { WardServer } from '../server/server.js';
import { WardView } from '../server/ward-view.js';
import { faultOf } from '../store/fault.js';
import { recordModel } from '../store/queries.js';
import type { StoreConfig } from '../store/settings.js';
import { StoreSink } from '../store/sink.js';
import { Spool } from '../store/spool.js';
import { log } from './cli.js';
import { openLiveStore } from './live-store.js';
import { untilAvailable } from './wait.js';

/** `wardstream run`: the engine on live topics. Runs until `stop` resolves; fails where the pipeline does. */
export async function run(options: { readonly config: string }, stop: Promise<unknown>): Promise<void> {
  const config = loadConfig(options.config);
  const { bus: busConfig, store: storeConfig, schemaRegistry } = config;
  if (busConfig.kind !== 'kafka') {
    throw new WardstreamError('WS_CONFIG', 'bus.kind must be kafka for run; for a demo use wardstream start');
  }
  if (storeConfig.kind === 'none') {
    throw new WardstreamError('WS_CONFIG', 'store.kind must be embedded or server for run');
  }
  const { config: modelConfig } = loadModel(config.model.version, config.model.directory);
  const { version: modelVersion } = modelConfig;
  const isStopped = stop.then(() => null);
  const bus = await untilAvailable('Kafka', () => KafkaBus.open(busConfig), stop);
  if (bus === null) return;
  const clock = WALL_CLOCK;
  const instance = instanceOf(config.server);
  const notices = new TechnicalNotices(clock, `${instance} ${process.pid}`);
  const observer = new Observer(clock, busConfig);
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
  let server: WardServer | null = null;
  try {
    await bus.createTopics(OUTPUT_TOPICS);
    server = await WardServer.open({
      config: config.server,
      view,
      store,
      bus,
      codec: engine.codec,
      clock,
      model: { version: modelVersion, directory: config.model.directory },
      catchingUp: () => engine.catchingUp,
      partitionOf: (patientId) => engine.partitionOf(patientId),
      explain: async (patientId) => {
        const explanation = await engine.explain(patientId);
        return explanation === null ? null : explanationView(explanation);
      },
      observability: observer.options(
        engine,
        {
          client: store,
          sink: storeSink,
          spoolBytes: spool === undefined ? undefined : () => spool.bytes,
        },
        config.metrics.token,
      ),
      notices: engine.notices,
      onTrouble: (message) => log.warn(message),
    });
    await engine.start();
    const { localToken } = server;
    const shown = localToken === null ? '/ (with a token)' : `/#token=${localToken}`;
    process.stdout.write(`\n  Reading ${busConfig.brokers.join(', ')}; ward page: ${server.url}${shown}\n`);
    process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
    const failure = await Promise.race([isStopped, engine.failed()]);
    if (failure !== null) throw failure;
  } finally {
    log.info('stopping: finishing what is under way');
    await withinDeadline(config.shutdown.deadlineMs, async () => {
      await server?.close();
      await engine.close();
      await observer.close();
      await bus.close();
    });
  }
}

/** Ends the process where the work is not done in time: what is not committed is read again by whoever takes over. */
async function withinDeadline(deadlineMs: number, work: () => Promise<void>): Promise<void> {
  const timer = setTimeout(() => {
    log.error(
      `not finished within shutdown.deadlineMs (${deadlineMs}); the rest is read again at the next start`,
    );
    process.exit(1);
  }, deadlineMs);
  await work();
  clearTimeout(timer);
}

function spoolOf(store: StoreConfig): Spool | undefined {
  return store.kind === 'server' && store.spool !== undefined ? Spool.open(store.spool) : undefined;
}
