import type { ClickHouseClient } from '@clickhouse/client';
import { TOPICS } from '../contract/topics.js';
import { OUTPUT_TOPICS } from '../engine/bus-sink.js';
import type { Engine } from '../engine/engine.js';
import { MessageCodec } from '../events/codec.js';
import { addWardMetrics } from '../metrics/metrics.js';
import { addNotLive, addPartitionStates, bedsCondition } from '../metrics/not-live.js';
import type { ObservabilityOptions } from '../metrics/readiness.js';
import type { Parts } from '../parts.js';
import { AskedExplanations } from '../server/asked-explanations.js';
import { type ServerOptions, WardServer } from '../server/server.js';
import type { Config } from '../settings/config.js';
import { EngineWatch } from '../ward/engine-watch.js';
import { LoggedWard } from '../ward/logged-ward.js';
import type { WardView } from '../ward/ward-view.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/** Topics that a gateway needs beside the results. */
const READ = [TOPICS.patients, TOPICS.engines, TOPICS.acks, TOPICS.requests, TOPICS.answers];
/** How often it looks which partitions nobody reads. */
const LOOK_MS = 1000;

/** What a gateway has beside what it reads from the log. */
export interface GatewayParts {
  readonly store: ClickHouseClient;
  readonly observability: ObservabilityOptions;
}

/** Opens the role `gateway`: page, push and HTTP over what every engine writes to the log. */
export async function openGateway(ports: Ports, { store, observability }: GatewayParts): Promise<WardServer> {
  const { config, life, model, bus, clock, live, notices } = ports;
  const codec = new MessageCodec();
  await bus.createTopics([...OUTPUT_TOPICS, ...READ]);
  const engines = new EngineWatch({ codec, notices, onWarning: (message) => log.warn(message) });
  const view = life.parts.keep(
    new LoggedWard(bus, codec, {
      now: clock.live ? () => clock.now() : undefined,
      onTrouble: (message) => log.error(message),
      engines,
    }),
  );
  await view.open();
  // Where the log is not read, nobody's patients are.
  const look = () => engines.look((live?.bus.troubles.faults.length ?? 0) === 0);
  const looking = setInterval(look, LOOK_MS);
  life.parts.keep({ close: async () => clearInterval(looking) });
  // What is wrong here must show here, also where the log is what is wrong.
  for (const notice of notices.open()) view.tell(notice);
  const telling = notices.changes$.subscribe((record) => view.tell(record));
  life.parts.keep({ close: async () => telling.unsubscribe() });
  const asked = life.parts.keep(new AskedExplanations({ bus, codec }));
  await asked.open();
  addWardMetrics(observability.metrics, view);
  addPartitionStates(observability.metrics, () => engines.counts());
  return openWardServer(config, life.parts, {
    model,
    view,
    store,
    bus,
    clock,
    notices,
    codec,
    catchingUp: () => view.catchingUp,
    partitionOf: (patientId) => view.partitionOf(patientId),
    explain: (patientId) => asked.explain(patientId),
    observability: withEngines(observability, engines),
  });
}

/** What the page of a ward in memory is made of. */
export interface Shown extends GatewayParts {
  readonly engine: Engine;
  readonly view: WardView;
}

/** Opens page, push and HTTP over the engine of this process, where there is no log that others read. */
export function openOwnPage(
  ports: Ports,
  { engine, store, view, observability }: Shown,
): Promise<WardServer> {
  const { config, life, model, bus, clock, notices } = ports;
  return openWardServer(config, life.parts, {
    model,
    view,
    store,
    bus,
    clock,
    notices,
    codec: engine.codec,
    partitionOf: (patientId) => engine.partitionOf(patientId),
    explain: (patientId) => engine.explain(patientId),
    observability,
  });
}

/** A gateway of whose partitions nobody reads some is of use all the same: it says so. */
function withEngines(observability: ObservabilityOptions, engines: EngineWatch): ObservabilityOptions {
  const condition = { name: 'engines', isAdvisory: true, check: () => engines.fault };
  return { ...observability, conditions: [...observability.conditions, condition] };
}

/** Opens HTTP, push and page over what they show. */
export async function openWardServer(
  { server: config, model: { directory } }: Config,
  parts: Parts,
  { model: { version }, ...shown }: Omit<ServerOptions, 'config' | 'onTrouble'>,
): Promise<WardServer> {
  const onTrouble = (message: string) => log.warn(message);
  const { view, observability } = shown;
  const notLive = () => view.notLive();
  if (observability !== undefined) addNotLive(observability.metrics, notLive);
  const observed =
    observability === undefined
      ? {}
      : {
          observability: {
            ...observability,
            conditions: [...observability.conditions, bedsCondition(notLive)],
          },
        };
  const options = { ...shown, ...observed, config, model: { version, directory }, onTrouble };
  return parts.keep(await WardServer.open(options));
}
