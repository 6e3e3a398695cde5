import type { ClickHouseClient } from '@clickhouse/client';

/** What a replay writes; the audit trail is not among it. */
const TABLES = [
  'observations',
  'scores',
  'current_scores',
  'stays',
  'alert_events',
  'alerts',
  'notes',
  'treatments',
  'images',
  'dead_letters',
];

/** Takes away all results, so that a replay that goes back in time does not show what is still to come. */
export async function emptyResults(client: ClickHouseClient): Promise<void> {
  for (const table of TABLES) await client.command({ query: `TRUNCATE TABLE IF EXISTS ${table}` });
}
