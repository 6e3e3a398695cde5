import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';

/** A column of a table; DOUBLE where no type is named. */
export type Column = readonly [name: string, data: readonly unknown[], type?: string | undefined];
export type Tables = Readonly<Record<string, readonly Column[]>>;

/** Writes the tables of a YAIB task, `dyn`, `sta` and `outc`, into a folder of its own; returns the folder. */
export function writeTask(
  root: string,
  tables: Tables,
  name = 'mortality24',
  rowGroupSize = 100_000,
): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  for (const [table, columns] of Object.entries(tables)) {
    const columnData = columns.map(([column, data, type = 'DOUBLE']) => ({
      name: column,
      data,
      type,
      nullable: true,
    }));
    const bytes = parquetWriteBuffer({ columnData: columnData as never, rowGroupSize });
    writeFileSync(join(directory, `${table}.parquet`), Buffer.from(bytes));
  }
  return directory;
}
