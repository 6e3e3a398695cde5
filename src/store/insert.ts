import type { ClickHouseClient } from '@clickhouse/client';
import { WardstreamError } from '../errors.js';
import { doubtfulCode, faultOf, isAnswer, isRowFault } from './fault.js';
import { COLUMNS, type Row, type Table } from './rows.js';

/** So often a batch is refused with one code that is not known before its rows are doubted. */
const TRIES_BEFORE_DOUBT = 5;

/** Told of a row that the store does not take. */
export type OnRefused = (table: Table, row: Row, fault: string) => void;

/**
 * Inserts rows. Where the store refuses some of them, these are found by halving, set aside one by one, and the rest goes in: a
 * row that cannot be stored must not keep any other from it.
 */
export class Inserter {
  readonly #client: ClickHouseClient;
  readonly #onRefused: OnRefused;
  /** Rows that were told of before an insert failed for another reason. */
  readonly #told = new WeakSet<Row>();
  readonly #doubts = new Map<Table, { readonly code: string; tries: number }>();

  constructor(client: ClickHouseClient, onRefused: OnRefused) {
    this.#client = client;
    this.#onRefused = onRefused;
  }

  /** Resolves when each row is in the store or told of. Rejects where the store is in trouble: the same rows may be sent again. */
  async insert(table: Table, rows: readonly Row[]): Promise<void> {
    try {
      await this.#halving(table, rows, isRowFault);
      this.#doubts.delete(table);
    } catch (error) {
      const code = doubtfulCode(error);
      if (code === null || !this.#isDoubted(table, code)) throw withoutRows(error);
      await this.#insertDoubted(table, rows, code, error);
    }
  }

  async #halving(table: Table, rows: readonly Row[], isFault: (error: unknown) => boolean): Promise<void> {
    try {
      await this.#once(table, rows);
    } catch (error) {
      if (!isFault(error)) throw error;
      if (rows.length === 1) {
        this.#refuse(table, rows[0], error);
        return;
      }
      const middle = rows.length >> 1;
      await this.#halving(table, rows.slice(0, middle), isFault);
      await this.#halving(table, rows.slice(middle), isFault);
    }
  }

  /** Whether one code has kept rows of a table out for long. */
  #isDoubted(table: Table, code: string): boolean {
    const known = this.#doubts.get(table);
    const doubt = known?.code === code ? known : { code, tries: 0 };
    doubt.tries++;
    this.#doubts.set(table, doubt);
    return doubt.tries >= TRIES_BEFORE_DOUBT;
  }

  /** If the store takes one row of the table it would take the others: those that it does not are at fault themselves. */
  async #insertDoubted(table: Table, rows: readonly Row[], code: string, error: unknown): Promise<void> {
    const isSame = (other: unknown) => doubtfulCode(other) === code || isRowFault(other);
    for (const row of new Set([rows[0], rows[rows.length >> 1], rows[rows.length - 1]])) {
      try {
        await this.#once(table, [row]);
      } catch (other) {
        if (isSame(other)) continue;
        throw withoutRows(other);
      }
      await this.#halving(table, rows, isSame);
      this.#doubts.delete(table);
      return;
    }
    throw withoutRows(error);
  }

  #refuse(table: Table, row: Row, error: unknown): void {
    if (this.#told.has(row)) return;
    this.#told.add(row);
    this.#onRefused(table, row, faultOf(error));
  }

  async #once(table: Table, rows: readonly Row[]): Promise<void> {
    const columns = COLUMNS[table].slice(0, rows[0].length) as unknown as [string, ...string[]];
    await this.#client.insert({ table, columns, values: [...rows], format: 'JSONCompactEachRow' });
  }
}

/** ClickHouse's own text may quote the rows, and so may what wraps it. */
function withoutRows(error: unknown): unknown {
  if (!isAnswer(error)) return error;
  return new WardstreamError('WS_STORE', faultOf(error), { isPassing: true });
}
