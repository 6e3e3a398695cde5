import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import { WardstreamError } from '../errors.js';
import { select } from './select.js';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

/**
 * Brings the database to the newest version: runs each `migrations/NNN-*.sql` that it has not run yet, in order. Each file
 * may be run again, so an upgrade that was cut off goes on. One process at a time: see `withMigrationLock`.
 * @throws WardstreamError `WS_STORE` where the database is newer than this program.
 */
export async function migrate(client: ClickHouseClient): Promise<number> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String)
            ENGINE = ReplacingMergeTree ORDER BY version`,
  });
  let version = await schemaVersion(client);
  const files = migrationFiles();
  const newest = numberOf(files.at(-1) ?? '000');
  if (version > newest) {
    throw new WardstreamError(
      'WS_STORE',
      `its schema has version ${version}, this program knows ${newest}; use the program that upgraded it, or a newer one`,
    );
  }
  for (const name of files) {
    const number = numberOf(name);
    if (number <= version) continue;
    for (const statement of statementsOf(readFileSync(new URL(name, MIGRATIONS), 'utf8'))) {
      await client.command({ query: statement });
    }
    await client.insert({
      table: 'schema_migrations',
      values: [{ version: number, name }],
      format: 'JSONEachRow',
    });
    version = number;
  }
  return version;
}

/** Names of the migrations, oldest first. */
export function migrationFiles(): string[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => /^\d{3}-.*\.sql$/.test(name))
    .sort();
}

/** The newest migration that the database has run; 0 where it has run none. */
async function schemaVersion(client: ClickHouseClient): Promise<number> {
  const [row] = await select<{ version: number }>(
    client,
    'SELECT max(version) AS version FROM schema_migrations',
  );
  return row?.version ?? 0;
}

function numberOf(name: string): number {
  return Number(name.slice(0, 3));
}

/** The statements of a migration, without its comments. */
export function statementsOf(sql: string): string[] {
  const withoutComments = sql.replace(/^--.*$/gm, '');
  return withoutComments
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
