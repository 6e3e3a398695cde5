import type { ClickHouseClient } from '@clickhouse/client';
import type { EpochMs } from '../events/event.js';

/** A half-open window of event time: from `from`, before `to`. */
export interface Window {
  readonly from?: EpochMs | undefined;
  readonly to?: EpochMs | undefined;
}

/** Conditions of a query, with the values they speak of; values never become part of the SQL. */
export class Conditions {
  readonly params: Record<string, unknown> = {};
  readonly #parts: string[] = [];

  /** Adds `sql`, with what its `{name:Type}` stand for. A condition whose value is undefined is none. */
  add(sql: string, params: Record<string, unknown>): this {
    if (Object.values(params).some((value) => value === undefined)) return this;
    this.#parts.push(sql);
    Object.assign(this.params, params);
    return this;
  }

  /** Bounds a DateTime64 column. */
  within(column: string, { from, to }: Window): this {
    return this.add(`${column} >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')`, { from }).add(
      `${column} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`,
      { to },
    );
  }

  /** `WHERE …` or `HAVING …`; empty where nothing is asked. */
  as(keyword: 'WHERE' | 'HAVING'): string {
    return this.#parts.length === 0 ? '' : `${keyword} ${this.#parts.join(' AND ')}`;
  }
}

/** The rows of a query. */
export async function select<Row>(
  client: ClickHouseClient,
  query: string,
  params: Record<string, unknown> = {},
): Promise<Row[]> {
  const result = await client.query({
    query,
    query_params: params,
    format: 'JSONEachRow',
    // A 64-bit number as a number: our times and counts are far below 2^53.
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return result.json<Row>();
}
