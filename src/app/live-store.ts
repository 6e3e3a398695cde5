import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { StoreConfig } from '../settings/store.js';
import { StoredAlertLog } from '../store/alert-log.js';
import { connectStore } from '../store/open-store.js';
import { recordModel } from '../store/queries.js';
import { AlertLog } from '../ward/alert-log.js';
import { log } from './log.js';

/** So long a start waits for a store that says nothing, and so long after its first refusal: alerts must not wait. */
const SILENT_MS = 10_000;
const REFUSED_MS = 2000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** The store of a process that watches patients: it may come later, and nothing waits for it. */
export interface LiveStore {
  readonly client: ClickHouseClient;
  /** Resolves when the tables are there. */
  readonly ready: Promise<void>;
  /** The order of alert records: with that of earlier runs where the store told it in time, else a new one. */
  readonly alertLog: AlertLog;
}

export interface LiveStoreOptions {
  readonly store: Exclude<StoreConfig, { kind: 'none' }>;
  /** Of this process, across its restarts. */
  readonly instance: string;
  /** The model whose results it gets. */
  readonly model: { readonly version: string };
  /** Called at each attempt that fails. */
  readonly onAway: () => void;
  readonly stop: Promise<unknown>;
  /** Whether it keeps the order of alert records; not where the log has that. By default it does. */
  readonly ordersAlerts?: boolean;
}

/**
 * Opens the store. A server that is not there, or refuses us, is tried again behind the running process, whatever it says: who restarts an
 * engine must get alerts. @throws WardstreamError where the embedded store cannot be opened.
 */
export async function openLiveStore({
  store,
  instance,
  model,
  onAway,
  stop,
  ordersAlerts = true,
}: LiveStoreOptions): Promise<LiveStore> {
  const { client, prepare } = await connectStore(store);
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  const { signal } = stopping;
  if (store.kind === 'embedded') await prepare();
  const waiting = new AbortController();
  const refused = () => {
    onAway();
    setTimeout(() => waiting.abort(), REFUSED_MS).unref();
  };
  const ready = untilDone('the store', { signal, onAway: refused }, async () => {
    if (store.kind === 'server') await prepare();
    await recordModel(client, model);
  });
  if (!ordersAlerts) return { client, ready, alertLog: AlertLog.inMemory() };
  let isLate = false;
  const open = async () => (isLate ? null : AlertLog.open(await StoredAlertLog.open(client, instance)));
  const opened = ready.then(open).catch(() => null);
  const over = sleep(SILENT_MS, null, { ref: false, signal: waiting.signal }).catch(() => null);
  const inTime = await Promise.race([opened, over]);
  if (inTime !== null) return { client, ready, alertLog: inTime };
  isLate = true;
  const alertLog = AlertLog.inMemory();
  log.warn(
    'the store does not answer; alerts go on without it, and who resumes is told that records may be missing',
  );
  const keep = async () => alertLog.keepIn(await StoredAlertLog.begin(client, instance, alertLog.epoch));
  void ready.then(() => untilDone('the order of alert records', { signal, onAway }, keep));
  return { client, ready, alertLog };
}

/** Does the work, again and again until it is done; never resolves once the process ends. */
async function untilDone(
  what: string,
  { signal, onAway }: { readonly signal: AbortSignal; readonly onAway: () => void },
  work: () => Promise<void>,
): Promise<void> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
    try {
      await work();
      if (wait > FIRST_WAIT_MS) log.info(`${what} is there`);
      return;
    } catch (error) {
      if (signal.aborted) return new Promise(() => undefined);
      onAway();
      log.warn(`waiting for ${what}: ${(error as Error).message}; alerts go on without it`);
      await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
