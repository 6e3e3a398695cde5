import type { ClickHouseClient } from '@clickhouse/client';
import type { Config } from '../settings/config.js';
import { faultOf } from '../store/fault.js';
import { StoreSink } from '../store/sink.js';
import { Spool } from '../store/spool.js';
import type { AlertLog } from '../ward/alert-log.js';
import { openLiveStore } from './live-store.js';
import { log } from './log.js';
import { type Ports, temporaryStore } from './ports.js';

/** A store, and what fills it. */
export interface Writer {
  readonly store: ClickHouseClient;
  readonly sink: StoreSink;
  /** Bytes of rows that wait on disk; left out where there is no spool. */
  readonly spoolBytes: (() => number) | undefined;
  readonly alertLog: AlertLog;
}

/** Opens the store and what the role `writer` fills it with. */
export async function openWriter(ports: Ports): Promise<Writer> {
  const { config, life, instance, model, clock, notices, observer } = ports;
  const { parts, stop } = life;
  const live = await openLiveStore({
    store: config.store.kind === 'none' ? temporaryStore(parts) : config.store,
    instance,
    model,
    onAway: () => observer.missStore(),
    stop,
    ordersAlerts: ports.live === null,
  });
  const { client: store, alertLog } = live;
  parts.keep(store);
  const spool = spoolOf(config);
  const sink = new StoreSink(store, model.version, {
    spool,
    notices,
    onTrouble: (message) => log.error(message),
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
  const spoolBytes = spool === undefined ? undefined : () => spool.bytes;
  return { store, sink, spoolBytes, alertLog };
}

function spoolOf({ store }: Config): Spool | undefined {
  return store.kind === 'server' && store.spool !== undefined ? Spool.open(store.spool) : undefined;
}
