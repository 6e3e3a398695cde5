import { type Database, open, type RootDatabase } from 'lmdb';
import { DATABASE_OPTIONS, ROOT_OPTIONS } from './options.js';

/** What is written in one transaction: all of it or nothing. */
export interface WriteTask {
  readonly directory: string;
  readonly puts: readonly Put[];
  readonly removals: readonly Removal[];
}

export interface Put {
  readonly database: string;
  readonly key: string | number;
  readonly value: Uint8Array;
}

/** Keys to remove. */
export interface Removal {
  readonly database: string;
  readonly keys: readonly number[];
}

type Table = Database<Uint8Array, string | number>;

let root: RootDatabase<Uint8Array, string | number> | undefined;
const tables = new Map<string, Table>();

/** Writes, in a worker thread so that nothing else waits for the disk. All is on the disk when it returns. @throws Error as the disk does. */
export function write({ directory, puts, removals }: WriteTask): void {
  root ??= open({ ...ROOT_OPTIONS, path: directory });
  const whole = root;
  const tableOf = (name: string) => {
    const table = tables.get(name) ?? whole.openDB({ ...DATABASE_OPTIONS, name });
    tables.set(name, table);
    return table;
  };
  // A table is made in a transaction of its own.
  for (const { database } of puts) tableOf(database);
  whole.transactionSync(() => {
    for (const { database, key, value } of puts) tableOf(database).putSync(key, value);
    for (const { database, keys } of removals) for (const key of keys) tableOf(database).removeSync(key);
  });
}
