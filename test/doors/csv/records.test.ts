import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellsOf, recordsOf } from '../../../src/doors/csv/records.js';

async function read(bytes: Buffer, chunkBytes: number): Promise<{ text: string; isBroken: boolean }[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const records = [];
  for await (const { bytes: each, isBroken } of recordsOf(chunks(), ','))
    records.push({ text: each.toString(), isBroken });
  return records;
}

const rowsOf = async (bytes: Buffer, chunkBytes: number) =>
  (await read(bytes, chunkBytes)).map(({ text }) => cellsOf(text, ','));

describe('records of CSV', () => {
  it('are the rows that were written, however the file is cut', async () => {
    // A row of one empty cell is an empty line.
    const row = fc.array(fc.string(), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), async (rows, cut) => {
        const text = rows.map(
          (cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\r\n`,
        );
        expect(await rowsOf(Buffer.from(text.join('')), cut)).toEqual(rows);
      }),
    );
  });

  it('may have quotes within a cell, blank lines and no end', async () => {
    expect(await rowsOf(Buffer.from('a,5" tube\n\n\r\nb,"x\ny"'), 3)).toEqual([
      ['a', '5" tube'],
      ['b', 'x\ny'],
    ]);
    expect(cellsOf('a,"b"c,d', ',')).toBeNull();
  });

  it('go on behind a quote that never ends, and behind a line that is too long', async () => {
    const quoted = await read(Buffer.from('a,"b\nc,d\ne,f\n'), 5);
    expect(quoted).toEqual([
      { text: 'a,"b', isBroken: true },
      { text: 'c,d', isBroken: false },
      { text: 'e,f', isBroken: false },
    ]);
    const long = await read(Buffer.from(`${'x'.repeat(100_000)}\nc,d\n`), 10_000);
    expect(long.map(({ isBroken }) => isBroken)[0]).toBe(true);
    expect(long.at(-1)).toEqual({ text: 'c,d', isBroken: false });
    expect(long.every(({ text }) => text.length <= 65_536)).toBe(true);
  });
});
