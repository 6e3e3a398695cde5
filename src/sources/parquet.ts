import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type ColumnData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetReadObjects,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { WardstreamError } from '../errors.js';
import { durationUnits } from './arrow-schema.js';
import { numberInText } from './cells.js';

/** Rows decoded at once: what bounds memory, whatever the size of the file's row groups. */
const WINDOW = 32_768;

/** Some columns of consecutive rows; a cell without a value is null or undefined. Shapes [rows]. */
export interface ParquetWindow {
  readonly start: number;
  readonly rows: number;
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
}

/** A Parquet file, read in windows of rows. */
export class ParquetTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: number;
  /** Milliseconds of one unit of each column that the file says to be a duration. */
  readonly durations: ReadonlyMap<string, number>;
  readonly #buffer: AsyncBuffer;
  readonly #metadata: FileMetaData;

  private constructor(file: string, buffer: AsyncBuffer, metadata: FileMetaData) {
    this.file = file;
    this.#buffer = buffer;
    this.#metadata = metadata;
    this.rows = Number(metadata.num_rows);
    const schema = metadata.key_value_metadata?.find(({ key }) => key === 'ARROW:schema');
    this.durations = durationUnits(schema?.value);
    this.columns = metadata.schema.slice(1).map(({ name }) => name);
  }

  /** @throws WardstreamError `WS_SOURCE` where it is not there, not whole, or lacks a column. */
  static async open(file: string, required: readonly string[]): Promise<ParquetTable> {
    if (!existsSync(file)) throw new WardstreamError('WS_SOURCE', `there is no file ${file}`);
    const table = await reading(file, async () => {
      const buffer = await asyncBufferFromFile(file);
      return new ParquetTable(file, buffer, await parquetMetadataAsync(buffer));
    });
    const missing = required.filter((column) => !table.columns.includes(column));
    if (missing.length === 0) return table;
    const what = `${file} lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
    throw new WardstreamError('WS_SOURCE', `${what}; it has ${table.columns.join(', ')}`);
  }

  /** @throws WardstreamError `WS_SOURCE` where a part of the file cannot be read. */
  async *windows(columns: readonly string[]): AsyncGenerator<ParquetWindow> {
    for (let start = 0; start < this.rows; start += WINDOW) {
      const end = Math.min(this.rows, start + WINDOW);
      yield await reading(this.file, () => this.#window(columns, start, end));
    }
  }

  /** A small table as objects. */
  objects(): Promise<Record<string, unknown>[]> {
    const options = { file: this.#buffer, metadata: this.#metadata, compressors };
    return reading(this.file, () => parquetReadObjects(options));
  }

  async #window(names: readonly string[], start: number, end: number): Promise<ParquetWindow> {
    const columns: Record<string, unknown[]> = Object.fromEntries(
      names.map((name) => [name, new Array<unknown>(end - start).fill(null)]),
    );
    await parquetRead({
      file: this.#buffer,
      metadata: this.#metadata,
      compressors,
      columns: [...names],
      rowStart: start,
      rowEnd: end,
      onChunk: ({ columnName, columnData, rowStart, rowEnd }: ColumnData) => {
        const column = columns[columnName];
        const [from, to] = [Math.max(start, rowStart), Math.min(end, rowEnd)];
        for (let row = from; row < to; row++) column[row - start] = columnData[row - rowStart];
      },
    });
    return { start, rows: end - start, columns };
  }
}

/** A cell as a number; NaN where nothing is there, NO_NUMBER where what is there is none. */
export function numberOf(cell: unknown): number {
  if (typeof cell === 'string') return numberInText(cell);
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint' || typeof cell === 'boolean') return Number(cell);
  return cell instanceof Date ? cell.getTime() : Number.NaN;
}

async function reading<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WardstreamError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const what = `${basename(file)} is not a whole Parquet file: ${why}`;
    throw new WardstreamError('WS_SOURCE', `${what}; copy or export ${file} again`, { cause: error });
  }
}
