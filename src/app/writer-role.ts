import type { ClickHouseClient } from '@clickhouse/client';
import { registryOf } from '../bus/schema-registry.js';
import { MessageCodec } from '../events/codec.js';
import { faultOf } from '../store/fault.js';
import { StoreWriter } from '../store/writer/store-writer.js';
import type { AlertLog } from '../ward/alert-log.js';
import { openLiveStore } from './live-store.js';
import { log } from './log.js';
import { type Ports, temporaryStore } from './ports.js';

/** The store of a process, which may come later. */
export interface OpenedStore {
  readonly client: ClickHouseClient;
  /** Resolves when the tables are there. */
  readonly ready: Promise<void>;
  readonly alertLog: AlertLog;
}

/** Opens the store, for who shows what is in it and who fills it. */
export async function openStoreOf({
  config,
  life,
  instance,
  model,
  live,
  observer,
}: Ports): Promise<OpenedStore> {
  const { parts, stop } = life;
  const opened = await openLiveStore({
    store: config.store.kind === 'none' ? temporaryStore(parts) : config.store,
    instance,
    model,
    onAway: () => observer.missStore(),
    stop,
    ordersAlerts: live === null,
  });
  parts.keep(opened.client);
  return opened;
}

/** Opens the role `writer`, which begins to read. */
export async function openWriter(ports: Ports, { client, ready }: OpenedStore): Promise<StoreWriter> {
  const { config, life, bus, clock, notices, observer } = ports;
  const { limits, schemas, schemaRegistry } = config;
  const codec = new MessageCodec({ registry: registryOf(schemaRegistry), directory: schemas.directory });
  const writer = await StoreWriter.start({
    bus,
    client,
    codec,
    limits,
    clock,
    ready,
    notices,
    onTrouble: (message) => log.error(message),
    onRelief: (message) => log.info(message),
    onAway: (error) => {
      observer.missStore();
      log.warn(`the store is away, nothing more is read for it: ${faultOf(error)}`);
    },
  });
  return life.parts.keep(writer);
}
