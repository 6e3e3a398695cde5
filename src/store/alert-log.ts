import { randomBytes } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { type AlertMessage, alertOf } from '../contract/messages.js';
import { textValue, uintValue } from './values.js';

/** An alert record with its place in the order in which a process pushed them. */
export interface LogEntry {
  readonly position: number;
  readonly alert: AlertMessage;
}

/** The saved order of pushed alert records of one process, across its restarts. */
export class StoredAlertLog {
  /** Names the order; another store, or another process, has another. */
  readonly epoch: string;
  /** Runs of the process before this one, as far as they could say that they began. */
  readonly runsBefore: number;
  readonly #client: ClickHouseClient;

  private constructor(client: ClickHouseClient, epoch: string, runsBefore: number) {
    this.#client = client;
    this.epoch = epoch;
    this.runsBefore = runsBefore;
  }

  /** Opens the log of `instance`, or begins one. */
  static async open(client: ClickHouseClient, instance: string): Promise<StoredAlertLog> {
    const result = await client.query({
      query: `SELECT epoch, toUInt32(count()) AS runs FROM alert_logs WHERE instance = {instance:String}
              GROUP BY epoch ORDER BY max(started) DESC LIMIT 1`,
      query_params: { instance },
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ epoch: string; runs: number }>();
    return StoredAlertLog.begin(client, instance, row?.epoch ?? newEpoch(), row?.runs ?? 0);
  }

  /** Notes that a run of `instance` has an order of that name from now on. */
  static async begin(
    client: ClickHouseClient,
    instance: string,
    epoch: string,
    runsBefore = 0,
  ): Promise<StoredAlertLog> {
    await client.insert({ table: 'alert_logs', values: [{ instance, epoch }], format: 'JSONEachRow' });
    return new StoredAlertLog(client, epoch, runsBefore);
  }

  /** Resolves when the entries are safe. */
  async save(entries: readonly LogEntry[]): Promise<void> {
    const values = entries.map(({ position, alert }) => ({
      epoch: this.epoch,
      position,
      alert_id: textValue(alert.alertId),
      sequence: uintValue(alert.sequence),
      body: JSON.stringify(alert),
    }));
    await this.#client.insert({ table: 'alert_log', values, format: 'JSONEachRow' });
  }

  /** The newest entries, oldest first. */
  newest(limit: number): Promise<LogEntry[]> {
    return this.#read(
      `SELECT * FROM (SELECT position, body FROM alert_log FINAL WHERE epoch = {epoch:String}
                      ORDER BY position DESC LIMIT {limit:UInt32}) ORDER BY position`,
      { limit },
    );
  }

  /** The entry at a position and those after it, oldest first. */
  from(position: number, limit: number): Promise<LogEntry[]> {
    return this.#read(
      `SELECT position, body FROM alert_log FINAL WHERE epoch = {epoch:String} AND position >= {position:UInt64}
       ORDER BY position LIMIT {limit:UInt32}`,
      { position, limit },
    );
  }

  async #read(query: string, parameters: Record<string, unknown>): Promise<LogEntry[]> {
    const query_params = { epoch: this.epoch, ...parameters };
    const result = await this.#client.query({ query, query_params, format: 'JSONEachRow' });
    const rows = await result.json<{ position: string; body: string }>();
    return rows.map(({ position, body }) => ({
      position: Number(position),
      alert: alertOf(body),
    }));
  }
}

export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}
