import type { ClickHouseClient } from '@clickhouse/client';
import type { Engine } from '../engine/engine.js';
import type { ObservabilityOptions } from '../metrics/readiness.js';
import type { Parts } from '../parts.js';
import { type ServerOptions, WardServer } from '../server/server.js';
import type { Config } from '../settings/config.js';
import type { WardView } from '../ward/ward-view.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/** What the page is made of. */
export interface Shown {
  readonly engine: Engine;
  readonly store: ClickHouseClient;
  readonly view: WardView;
  readonly observability: ObservabilityOptions;
}

/** Opens the role `gateway`. */
export function openGateway(
  ports: Ports,
  { engine, store, view, observability }: Shown,
): Promise<WardServer> {
  const { config, life, model, bus, clock, live, notices } = ports;
  return openWardServer(config, life.parts, {
    model,
    view,
    store,
    bus,
    clock,
    notices,
    codec: engine.codec,
    // Only what partitions are assigned to can be behind its share of them.
    ...(live === null ? {} : { catchingUp: () => engine.catchingUp }),
    partitionOf: (patientId) => engine.partitionOf(patientId),
    explain: (patientId) => engine.explain(patientId),
    observability,
  });
}

/** Opens HTTP, push and page over what they show. */
export async function openWardServer(
  { server: config, model: { directory } }: Config,
  parts: Parts,
  { model: { version }, ...shown }: Omit<ServerOptions, 'config' | 'onTrouble'>,
): Promise<WardServer> {
  const onTrouble = (message: string) => log.warn(message);
  const options = { ...shown, config, model: { version, directory }, onTrouble };
  return parts.keep(await WardServer.open(options));
}
