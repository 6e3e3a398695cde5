import { mkdirSync } from 'node:fs';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { StoreConfig } from '../config.js';
import { WardstreamError } from '../errors.js';
import { migrate } from './migrate.js';

type OpenStore = Exclude<StoreConfig, { kind: 'none' }>;

/**
 * The ClickHouse client over the configured engine, migrated: chDB inside this process, or a server.
 * @throws WardstreamError `WS_STORE_IN_USE` where another process has the data directory, else `WS_STORE`.
 */
export async function openStore(config: OpenStore): Promise<ClickHouseClient> {
  let client: ClickHouseClient | undefined;
  try {
    client = config.kind === 'embedded' ? await openEmbedded(config.directory) : await openServer(config);
    await migrate(client);
    return client;
  } catch (error) {
    await client?.close();
    if (error instanceof WardstreamError) throw error;
    const place = config.kind === 'embedded' ? config.directory : config.url;
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
    });
  }
}

async function openEmbedded(directory: string): Promise<ClickHouseClient> {
  mkdirSync(directory, { recursive: true });
  const { createChdbConnection } = await import('chdb/connection');
  return createClient({ connection: createChdbConnection({ path: directory }) } as never);
}

async function openServer({
  url,
  database,
  username,
  password,
}: Extract<StoreConfig, { kind: 'server' }>): Promise<ClickHouseClient> {
  // The client would print every error beside throwing it.
  const log = { level: ClickHouseLogLevel.OFF };
  const admin = createClient({ url, username, password, log });
  await admin.command({
    query: 'CREATE DATABASE IF NOT EXISTS {name:Identifier}',
    query_params: { name: database },
  });
  await admin.close();
  return createClient({ url, username, password, database, log });
}
