import type { ClickHouseClient } from '@clickhouse/client';
import { HOUR_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';
import { select } from '../store/select.js';
import type { Beginning } from './notifier.js';

/** Processes that kept their last position so long before the newest are gone, and what they left was told by others. */
const SPAN_MS = HOUR_MS;
const MAX_DONE = 20_000;

/**
 * Where a hook of version 0.1 got to, which kept its positions in the store: from the first record that it had not passed, or else
 * from when it last said so. Null where the store knows no such hook.
 */
export async function formerPosition(client: ClickHouseClient, hook: string): Promise<Beginning | null> {
  const kept = await select<{ cursor: string; at: EpochMs }>(
    client,
    `SELECT cursor, toUnixTimestamp64Milli(updated) AS at FROM webhook_cursors FINAL
     WHERE name = concat({hook:String}, ' ', splitByChar('.', cursor)[1])`,
    { hook },
  );
  if (kept.length === 0) return null;
  const oldest = Math.max(...kept.map(({ at }) => at)) - SPAN_MS;
  const recent = kept.filter(({ at }) => at >= oldest);
  const begins = await Promise.all(
    recent.map(async ({ cursor, at }) => (await behind(client, cursor)) ?? at),
  );
  const since = Math.max(oldest, Math.min(...begins));
  const rows = await select<{ alertId: string; sequence: number }>(
    client,
    `SELECT alert_id AS alertId, max(sequence) AS sequence FROM webhook_deliveries
     WHERE name = {hook:String} AND done_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
     GROUP BY alert_id ORDER BY max(done_at) DESC LIMIT {most:UInt32}`,
    { hook, from: since - SPAN_MS, most: MAX_DONE },
  );
  return { since, done: new Map(rows.map(({ alertId, sequence }) => [alertId, sequence])) };
}

/** When the first record behind the cursor was raised, in milliseconds; null where there is none. */
async function behind(client: ClickHouseClient, cursor: string): Promise<EpochMs | null> {
  const [epoch, position] = cursor.split('.');
  const [first] = await select<{ at: EpochMs }>(
    client,
    `SELECT JSONExtractInt(body, 'eventTime') AS at FROM alert_log FINAL
     WHERE epoch = {epoch:String} AND position > {position:UInt64} ORDER BY position LIMIT 1`,
    { epoch, position: Number(position) },
  );
  return first?.at ?? null;
}
