import { mkdirSync } from 'node:fs';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { WardstreamError } from '../errors.js';
import { requireInstalled } from '../optional-packages.js';
import { type StoreConfig, type StoreSettings, storeSchema } from '../settings/store.js';
import { isPassing } from './fault.js';
import { migrate } from './migrate.js';
import { withMigrationLock } from './migration-lock.js';
import { applyRetention } from './retention.js';

/** A store there is. */
export type OpenStore = Exclude<StoreConfig, { kind: 'none' }>;

/** A store that may not be there yet: what is asked of the client fails until it is. */
export interface StoreConnection {
  readonly client: ClickHouseClient;
  /** Makes or upgrades database and tables; may be called again. @throws WardstreamError as `openStore` does. */
  prepare(): Promise<void>;
}

/**
 * The ClickHouse client over the configured engine, without waiting for a server to answer. chDB, inside this process, opens at once.
 * @throws WardstreamError `WS_STORE_IN_USE` where another process has the data directory, else `WS_STORE`.
 */
export async function connectStore(
  settings: Exclude<StoreSettings, { kind: 'none' }>,
): Promise<StoreConnection> {
  const config = storeSchema.parse(settings) as OpenStore;
  const explained = async <Result>(work: () => Promise<Result>): Promise<Result> =>
    work().catch((error: unknown) => {
      throw cannotOpen(config, error);
    });
  if (config.kind === 'embedded') {
    const client = await explained(() => openEmbedded(config.directory));
    return { client, prepare: () => explained(() => prepare(client, config)) };
  }
  const client = await explained(async () => serverClient(config));
  const work = async () => {
    await createDatabase(config);
    await prepare(client, config);
  };
  return { client, prepare: () => explained(work) };
}

/**
 * The ClickHouse client over the configured engine, migrated: chDB inside this process, or a server.
 * @throws WardstreamError `WS_STORE_IN_USE` where another process has the data directory, else `WS_STORE`.
 */
export async function openStore(
  settings: Exclude<StoreSettings, { kind: 'none' }>,
): Promise<ClickHouseClient> {
  const { client, prepare: make } = await connectStore(settings);
  try {
    await make();
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function cannotOpen(config: OpenStore, error: unknown): WardstreamError {
  const place = config.kind === 'embedded' ? config.directory : config.url;
  if (error instanceof WardstreamError) {
    return new WardstreamError(error.code, `the store at ${place} cannot be used: ${error.message}`);
  }
  const text = `${String(error)} ${String((error as { cause?: unknown }).cause ?? '')}`;
  // chDB has one directory open at a time; a second one in this process is no other process's fault.
  const isOurs = text.includes('one active data directory per process');
  if (!isOurs && (text.includes('CANNOT_OPEN_FILE') || text.includes('ChdbConnectionError'))) {
    const hint = 'stop that process or give another directory';
    return new WardstreamError('WS_STORE_IN_USE', `${place} is in use by another process; ${hint}`, {
      cause: error,
    });
  }
  return new WardstreamError('WS_STORE', `the store at ${place} cannot be opened: ${text.trim()}`, {
    cause: error,
    isPassing: config.kind === 'server' && isPassing(error),
  });
}

/** Newest schema, configured retention; at a server one process at a time, since several may start at once. */
async function prepare(client: ClickHouseClient, { kind, retention }: OpenStore): Promise<void> {
  const work = async () => {
    await migrate(client);
    await applyRetention(client, retention);
  };
  await (kind === 'server' ? withMigrationLock(client, work) : work());
}

/** History may span many months, each a partition of its own. */
const SETTINGS: ClickHouseSettings = { throw_on_max_partitions_per_insert_block: 0 };

async function openEmbedded(directory: string): Promise<ClickHouseClient> {
  requireInstalled({
    setting: 'store.kind: embedded',
    packages: ['chdb'],
    instead: 'set store.kind to server',
    code: 'WS_STORE',
  });
  mkdirSync(directory, { recursive: true });
  const { createChdbConnection } = await import('chdb/connection');
  const connection = createChdbConnection({ path: directory });
  return createClient({ connection, clickhouse_settings: SETTINGS } as never);
}

type ServerStore = Extract<StoreConfig, { kind: 'server' }>;

async function createDatabase(config: ServerStore): Promise<void> {
  const admin = createClient(accountOf(config));
  try {
    await admin.command({
      query: 'CREATE DATABASE IF NOT EXISTS {name:Identifier}',
      query_params: { name: config.database },
    });
  } finally {
    await admin.close();
  }
}

function serverClient(config: ServerStore): ClickHouseClient {
  const { database, compression } = config;
  const asyncInserts: ClickHouseSettings = config.asyncInserts
    ? { async_insert: 1, wait_for_async_insert: 1 }
    : {};
  return createClient({
    ...accountOf(config),
    database,
    compression: { request: compression, response: compression },
    clickhouse_settings: { ...SETTINGS, ...asyncInserts },
  });
}

function accountOf(config: ServerStore) {
  const { url, username, password, requestTimeoutMs } = config;
  const tls = tlsOf(config);
  return {
    url,
    username,
    password,
    request_timeout: requestTimeoutMs,
    // The client would print every error beside throwing it.
    log: { level: ClickHouseLogLevel.OFF },
    ...(tls === null ? {} : { tls }),
  };
}

function tlsOf({
  tls,
}: ServerStore): { ca_cert: Buffer; cert: Buffer; key: Buffer } | { ca_cert: Buffer } | null {
  if (tls === undefined) return null;
  const ca_cert = Buffer.from(tls.ca);
  if (tls.cert === undefined || tls.key === undefined) return { ca_cert };
  return { ca_cert, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) };
}
