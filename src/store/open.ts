import { mkdirSync } from 'node:fs';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { WardstreamError } from '../errors.js';
import { isPassing } from './fault.js';
import { migrate } from './migrate.js';
import { withMigrationLock } from './migration-lock.js';
import { applyRetention } from './retention.js';
import { type StoreConfig, type StoreSettings, storeSchema } from './settings.js';

type OpenStore = Exclude<StoreConfig, { kind: 'none' }>;

/**
 * The ClickHouse client over the configured engine, migrated: chDB inside this process, or a server.
 * @throws WardstreamError `WS_STORE_IN_USE` where another process has the data directory, else `WS_STORE`.
 */
export async function openStore(
  settings: Exclude<StoreSettings, { kind: 'none' }>,
): Promise<ClickHouseClient> {
  const config = storeSchema.parse(settings) as OpenStore;
  let client: ClickHouseClient | undefined;
  try {
    client = config.kind === 'embedded' ? await openEmbedded(config.directory) : await openServer(config);
    await prepare(client, config);
    return client;
  } catch (error) {
    await client?.close();
    const place = config.kind === 'embedded' ? config.directory : config.url;
    if (error instanceof WardstreamError) {
      throw new WardstreamError(error.code, `the store at ${place} cannot be used: ${error.message}`);
    }
    const text = `${String(error)} ${String((error as { cause?: unknown }).cause ?? '')}`;
    // chDB has one directory open at a time; a second one in this process is no other process's fault.
    const isOurs = text.includes('one active data directory per process');
    if (!isOurs && (text.includes('CANNOT_OPEN_FILE') || text.includes('ChdbConnectionError'))) {
      const hint = 'stop that process or give another directory';
      throw new WardstreamError('WS_STORE_IN_USE', `${place} is in use by another process; ${hint}`, {
        cause: error,
      });
    }
    throw new WardstreamError('WS_STORE', `the store at ${place} cannot be opened: ${text.trim()}`, {
      cause: error,
      isPassing: config.kind === 'server' && isPassing(error),
    });
  }
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
  mkdirSync(directory, { recursive: true });
  const { createChdbConnection } = await import('chdb/connection');
  const connection = createChdbConnection({ path: directory });
  return createClient({ connection, clickhouse_settings: SETTINGS } as never);
}

async function openServer(config: Extract<StoreConfig, { kind: 'server' }>): Promise<ClickHouseClient> {
  const { url, database, username, password, compression, requestTimeoutMs } = config;
  const tls = tlsOf(config);
  const account = {
    url,
    username,
    password,
    request_timeout: requestTimeoutMs,
    // The client would print every error beside throwing it.
    log: { level: ClickHouseLogLevel.OFF },
    ...(tls === null ? {} : { tls }),
  };
  const admin = createClient(account);
  try {
    await admin.command({
      query: 'CREATE DATABASE IF NOT EXISTS {name:Identifier}',
      query_params: { name: database },
    });
  } finally {
    await admin.close();
  }
  const asyncInserts: ClickHouseSettings = config.asyncInserts
    ? { async_insert: 1, wait_for_async_insert: 1 }
    : {};
  return createClient({
    ...account,
    database,
    compression: { request: compression, response: compression },
    clickhouse_settings: { ...SETTINGS, ...asyncInserts },
  });
}

function tlsOf({
  tls,
}: Extract<StoreConfig, { kind: 'server' }>):
  | { ca_cert: Buffer; cert: Buffer; key: Buffer }
  | { ca_cert: Buffer }
  | null {
  if (tls === undefined) return null;
  const ca_cert = Buffer.from(tls.ca);
  if (tls.cert === undefined || tls.key === undefined) return { ca_cert };
  return { ca_cert, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) };
}
