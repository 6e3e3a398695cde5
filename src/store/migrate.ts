import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

/** Brings the database to the newest version: runs each `migrations/NNN-*.sql` that it has not run yet, in order. */
export async function migrate(client: ClickHouseClient): Promise<number> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String)
            ENGINE = ReplacingMergeTree ORDER BY version`,
  });
  const result = await client.query({
    query: 'SELECT max(version) AS version FROM schema_migrations',
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ version: number }>();
  let version = Number(row?.version ?? 0);
  const files = readdirSync(MIGRATIONS).filter((name) => /^\d{3}-.*\.sql$/.test(name));
  for (const name of files.sort()) {
    const number = Number(name.slice(0, 3));
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

function statementsOf(sql: string): string[] {
  const withoutComments = sql.replace(/^--.*$/gm, '');
  return withoutComments
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
