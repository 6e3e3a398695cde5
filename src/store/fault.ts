import { ClickHouseError } from '@clickhouse/client';
import { WardstreamError } from '../errors.js';

/** What the server says when it cannot for now: busy, read-only, out of memory or space, or its keeper is away. */
const PASSING_CODES = new Set(['159', '202', '209', '210', '241', '242', '243', '252', '319', '999']);

/** Whether it may go well when tried again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof WardstreamError) return false;
  return !(error instanceof ClickHouseError) || PASSING_CODES.has(error.code);
}

/** An error of the store in words fit for a log: ClickHouse's own text may quote the rows it was sent. */
export function faultOf(error: unknown): string {
  if (!(error instanceof ClickHouseError)) return error instanceof Error ? error.message : String(error);
  return `ClickHouse code ${error.code}${error.type === undefined ? '' : `, ${error.type}`}`;
}

/** That the store does not take rows of a table, whatever is tried; what it said of them stays in its own log. */
export function refusal(table: string, error: unknown): WardstreamError {
  return new WardstreamError(
    'WS_STORE',
    `the store refuses rows of ${table}: ${faultOf(error)}; its system.query_log has the rest`,
  );
}
