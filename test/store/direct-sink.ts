import type { ClickHouseClient } from '@clickhouse/client';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import { Inserter, type OnRefused } from '../../src/store/insert.js';
import { type Row, TABLES, type Table } from '../../src/store/rows.js';
import { putRows } from './output-rows.js';

/** Puts results into the store without a log between: for tests of what reads them there. Who closes it has closed the client. */
export class DirectSink implements Sink {
  readonly #client: ClickHouseClient;
  readonly #modelVersion: string;
  readonly #inserter: Inserter;

  constructor(client: ClickHouseClient, modelVersion: string, onRefused: OnRefused = refuse) {
    this.#client = client;
    this.#modelVersion = modelVersion;
    this.#inserter = new Inserter(client, onRefused);
  }

  write(outputs: Outputs): Promise<void> {
    return this.writeAll([outputs]);
  }

  /** One insert a table. */
  async writeAll(all: readonly Outputs[]): Promise<void> {
    const rows = new Map<Table, Row[]>(TABLES.map((table) => [table, []]));
    for (const outputs of all) {
      putRows(outputs, this.#modelVersion, (table, row) => rows.get(table)?.push(row));
    }
    for (const [table, each] of rows) if (each.length > 0) await this.#insert(table, each);
  }

  /** A connection that was kept may be closed by the time it is used. */
  async #insert(table: Table, rows: readonly Row[], tries = 3): Promise<void> {
    await this.#inserter.insert(table, rows).catch((error: unknown) => {
      if (tries === 1) throw error;
      return this.#insert(table, rows, tries - 1);
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

const refuse: OnRefused = (table, _, fault) => {
  throw new Error(`the store refuses a row of ${table}: ${fault}`);
};
