import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WardstreamError } from '../errors.js';
import { idIn } from './cells.js';
import { numberOf, type ParquetTable, type ParquetWindow } from './parquet.js';

/** Keys whose rows are in memory at once. */
const KEYS_AT_ONCE = 64;

/**
 * The rows of a table whose keys lie apart, those of a key together and in the order of the file; `keys` in the order wanted.
 * Rows without a key come last. All columns but the key are numbers, NaN where a cell has none. Goes by way of temporary files, 8 bytes a cell, so that memory
 * holds the rows of 64 keys whatever the size of the table.
 * @throws WardstreamError `WS_SOURCE` where these cannot be written.
 */
export async function* groupedRows(
  table: ParquetTable,
  key: string,
  keys: ReadonlySet<string>,
): AsyncGenerator<ParquetWindow> {
  const names = table.columns.filter((name) => name !== key);
  const order = [...keys];
  const placeOf = new Map(order.map((each, place) => [each, place]));
  const directory = writing(() => mkdtempSync(join(tmpdir(), 'wardstream-rows-')));
  const fileOf = (group: number) => join(directory, String(group));
  try {
    for await (const { rows, columns } of table.windows(table.columns)) {
      const places = Array.from({ length: rows }, (_, row) => {
        return placeOf.get(idIn(columns[key][row]) ?? '') ?? order.length;
      });
      const cells = names.map((name) => columns[name]);
      for (const [group, members] of byGroup(places)) {
        writing(() => appendFileSync(fileOf(group), packed(members, places, cells)));
      }
    }
    let start = 0;
    for (let group = 0; group * KEYS_AT_ONCE <= order.length; group++) {
      if (!existsSync(fileOf(group))) continue;
      const window = unpacked(readFileSync(fileOf(group)), names, key, order);
      yield { start, ...window };
      start += window.rows;
      rmSync(fileOf(group));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Rows by group of keys. */
function byGroup(places: readonly number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  places.forEach((place, row) => {
    const group = Math.floor(place / KEYS_AT_ONCE);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [row]);
    else members.push(row);
  });
  return groups;
}

/** Of each row the place of its key, then its cells. */
function packed(
  rows: readonly number[],
  places: readonly number[],
  cells: readonly (readonly unknown[])[],
): Buffer {
  const width = cells.length + 1;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, index) => {
    values[index * width] = places[row];
    for (let column = 0; column < cells.length; column++)
      values[index * width + column + 1] = numberOf(cells[column][row]);
  });
  return Buffer.from(values.buffer);
}

function unpacked(
  bytes: Buffer,
  names: readonly string[],
  key: string,
  order: readonly string[],
): Omit<ParquetWindow, 'start'> {
  const width = names.length + 1;
  const values = new Float64Array(bytes.length / Float64Array.BYTES_PER_ELEMENT);
  Buffer.from(values.buffer).set(bytes);
  const sorted = Array.from({ length: values.length / width }, (_, row) => row * width).sort(
    (a, b) => values[a] - values[b] || a - b,
  );
  const columns = Object.fromEntries(
    names.map((name, column) => [name, sorted.map((at) => values[at + column + 1])]),
  );
  return {
    rows: sorted.length,
    columns: { ...columns, [key]: sorted.map((at) => order[values[at]] ?? null) },
  };
}

function writing<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    const what = `the rows of a stay do not follow each other, and there is no room to sort them in ${tmpdir()}`;
    throw new WardstreamError('WS_SOURCE', `${what}; sort the table by stay_id and time, or set TMPDIR`, {
      cause: error,
    });
  }
}
