import type { Position } from '../../bus/bus.js';
import { bytesOfRow, type Row, TABLES, type Table } from '../rows.js';

/** What goes to the store together: rows by table, and how far the log is written once they are there. */
export class RowBatch {
  readonly #rows = new Map<Table, Row[]>();
  /** When its first row came, by `performance.now()`. */
  since = Number.NaN;
  rows = 0;
  bytes = 0;
  positions: readonly Position[] = [];

  put(table: Table, row: Row): void {
    const rows = this.#rows.get(table);
    if (rows === undefined) this.#rows.set(table, [row]);
    else rows.push(row);
    if (this.rows === 0) this.since = performance.now();
    this.rows++;
    this.bytes += bytesOfRow(row);
  }

  /** The first table with rows; null where none has. */
  first(): { readonly table: Table; readonly rows: readonly Row[] } | null {
    const table = TABLES.find((each) => this.#rows.has(each));
    return table === undefined ? null : { table, rows: this.#rows.get(table) as Row[] };
  }

  /** The rows of a table are in the store. */
  done(table: Table): void {
    this.#rows.delete(table);
  }
}
