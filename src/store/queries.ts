import type { ClickHouseClient } from '@clickhouse/client';
import type { AlertMessage } from '../events/messages.js';

export interface StoredScore {
  readonly eventTime: number;
  readonly modelVersion: string;
  readonly risk: number;
  readonly circulatory: number | null;
  readonly respiratory: number | null;
  readonly deterioration: number | null;
  readonly news2: number | null;
  readonly qsofa: number | null;
}

/** Scores of one patient, oldest first; `FINAL` makes them right before merges too. */
export async function scoresOf(
  client: ClickHouseClient,
  patientId: string,
  limit: number,
): Promise<StoredScore[]> {
  const result = await client.query({
    query: `SELECT toUnixTimestamp64Milli(event_time) AS eventTime, model_version AS modelVersion, risk,
                   circulatory, respiratory, deterioration, news2, qsofa
            FROM (SELECT * FROM scores FINAL WHERE patient_id = {patientId:String}
                  ORDER BY event_time DESC LIMIT {limit:UInt32})
            ORDER BY event_time`,
    query_params: { patientId, limit },
    format: 'JSONEachRow',
  });
  const rows = await result.json<StoredScore & { eventTime: string | number }>();
  return rows.map((row) => ({ ...row, eventTime: Number(row.eventTime) }));
}

/** The newest transition of each alert, newest alert first. */
export async function newestAlerts(client: ClickHouseClient, limit: number): Promise<AlertMessage[]> {
  const result = await client.query({
    query: `SELECT argMax(body, sequence) AS body FROM alert_events
            GROUP BY alert_id ORDER BY max(event_time) DESC, alert_id LIMIT {limit:UInt32}`,
    query_params: { limit },
    format: 'JSONEachRow',
  });
  return (await result.json<{ body: string }>()).map(({ body }) => JSON.parse(body) as AlertMessage);
}
