import { ClickHouseError } from '@clickhouse/client';
import { WardstreamError } from '../errors.js';

/**
 * What ClickHouse says of a row that it cannot take: text, a date, a number, an escape, an array or an enum it cannot read, a
 * value out of its type's range, a null where there is none, a constraint that is broken.
 */
const ROW_CODES = new Set(
  '6 25 26 27 38 41 53 69 70 72 117 130 131 190 321 349 376 407 467 469 691'.split(' '),
);
/**
 * What it says when it cannot for now, or not until somebody has mended it: busy, read-only, out of memory or space, cut off,
 * its keeper or a replica away, the table, the database or the right to write gone, a password that is refused. Of any other
 * code that does not pass, each row is doubted.
 */
const TROUBLE_CODES = new Set(
  (
    '3 33 60 74 75 76 81 82 159 160 164 173 192 193 194 198 202 203 209 210 225 236 241 242 243 252 254 285 286 289 290 319 ' +
    '394 425 439 497 499 516 571 668 999 1000 1001 1002'
  ).split(' '),
);
/** At the start these are faults of the settings, which the time does not mend: no such user, or a wrong password. */
const SETTING_CODES = new Set(['192', '193', '194', '516']);

/** An error that ClickHouse answered with. The embedded engine brings a copy of the class of its own, so the shape tells. */
export function isAnswer(error: unknown): error is ClickHouseError {
  if (error instanceof ClickHouseError) return true;
  return error instanceof Error && 'code' in error && /^\d+$/.test(String(error.code));
}

/** Whether one of the rows sent is at fault, and not the store. */
export function isRowFault(error: unknown): boolean {
  return isAnswer(error) && ROW_CODES.has(error.code);
}

/** The code of an error that may be of the rows or of the store; null where it is known which. */
export function doubtfulCode(error: unknown): string | null {
  if (!isAnswer(error)) return null;
  const { code } = error;
  return ROW_CODES.has(code) || TROUBLE_CODES.has(code) ? null : code;
}

/** Whether a store that could not be opened may be there later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof WardstreamError) return false;
  return !isAnswer(error) || !SETTING_CODES.has(error.code);
}

/** An error of the store in words fit for a log: ClickHouse's own text may quote the rows it was sent. */
export function faultOf(error: unknown): string {
  if (!isAnswer(error)) return error instanceof Error ? error.message : String(error);
  return `ClickHouse code ${error.code}${error.type === undefined ? '' : `, ${error.type}`}`;
}
