import type { ClickHouseClient } from '@clickhouse/client';
import type { Retention } from '../settings/store.js';
import { select } from './select.js';

/** Tables with the setting that says how long their rows are kept, and the expression of the day they count from. */
const RULES: readonly (readonly [table: string, setting: keyof Retention, day: string])[] = [
  ['observations', 'observationsDays', 'recorded_on'],
  ['notes', 'observationsDays', 'recorded_on'],
  ['images', 'observationsDays', 'recorded_on'],
  ['treatments', 'observationsDays', 'recorded_on'],
  ['scores', 'scoresDays', 'recorded_on'],
  ['shadow_scores', 'scoresDays', 'recorded_on'],
  ['current_scores', 'scoresDays', 'recorded_on'],
  ['stays', 'alertsDays', 'recorded_on'],
  ['alert_events', 'alertsDays', 'recorded_on'],
  ['alerts', 'alertsDays', 'recorded_on'],
  ['dead_letters', 'deadLettersDays', 'recorded_on'],
  ['audit', 'auditDays', 'toDate(at)'],
];

/** Sets how long each table keeps its rows, where that differs from what is set. What has expired goes with the next merges. */
export async function applyRetention(client: ClickHouseClient, retention: Retention): Promise<void> {
  const present = await retentionOf(client);
  for (const [table, setting, day] of RULES) {
    const days = retention[setting];
    if (days === present.get(table)) continue;
    const clause = days === null ? 'REMOVE TTL' : `MODIFY TTL ${day} + INTERVAL ${days} DAY`;
    await client.command({
      query: `ALTER TABLE ${table} ${clause}`,
      clickhouse_settings: { materialize_ttl_after_modify: 0 },
    });
  }
}

/** Days by table; null where rows are kept for ever. */
export async function retentionOf(client: ClickHouseClient): Promise<Map<string, number | null>> {
  const rows = await select<{ name: string; days: string }>(
    client,
    `SELECT name, extract(engine_full, 'TTL .* \\\\+ toIntervalDay\\\\((\\\\d+)\\\\)') AS days FROM system.tables
     WHERE database = currentDatabase() AND name IN {tables:Array(String)}`,
    { tables: RULES.map(([table]) => table) },
  );
  return new Map(rows.map(({ name, days }) => [name, days === '' ? null : Number(days)]));
}
