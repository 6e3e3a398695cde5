import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Spool, SpoolFullError } from '../../src/store/spool.js';
import { temporaryDirectory } from '../helpers.js';

const MIB = 1_048_576;
const row = (number: number) => [`p${number}`, number, null, 0.1 + number, true];

/** All that waits, in the order in which it is taken out. */
async function drained(spool: Spool): Promise<unknown[]> {
  const all: unknown[] = [];
  while (!spool.isEmpty) {
    all.push(...(await spool.oldest()));
    await spool.drop();
  }
  return all;
}

describe('the spool', () => {
  it('gives back what was appended, in order, once it is dropped nothing, and takes in more meanwhile', async () => {
    const spool = Spool.open({ directory: temporaryDirectory(), maxBytes: MIB });
    await spool.append('scores', [row(1), row(2)]);
    await spool.append('alert_events', [row(3)]);
    const first = [
      { table: 'scores', rows: [row(1), row(2)] },
      { table: 'alert_events', rows: [row(3)] },
    ];
    expect(await spool.oldest()).toEqual(first);
    await spool.append('scores', [row(4)]);
    expect(await spool.oldest()).toEqual(first);
    await spool.drop();
    expect(await drained(spool)).toEqual([{ table: 'scores', rows: [row(4)] }]);
    expect(spool.bytes).toBe(0);
    expect(await spool.oldest()).toEqual([]);
    await spool.close();
  });

  it('outlives the process, less a line that its end cut short', async () => {
    const directory = temporaryDirectory();
    const before = Spool.open({ directory, maxBytes: MIB });
    await before.append('scores', [row(1)]);
    const [segment] = readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
    appendFileSync(join(directory, segment), '{"table":"scores","rows":[["p2');
    const after = Spool.open({ directory, maxBytes: MIB });
    await after.append('scores', [row(3)]);
    expect(await drained(after)).toEqual([
      { table: 'scores', rows: [row(1)] },
      { table: 'scores', rows: [row(3)] },
    ]);
  });

  it('takes no more than its bound, and says so', async () => {
    const directory = temporaryDirectory();
    const spool = Spool.open({ directory, maxBytes: 100 });
    await spool.append('scores', [row(1)]);
    await expect(spool.append('scores', [row(1), row(2), row(3)])).rejects.toThrow(
      new SpoolFullError(`the spool in ${directory} holds its 100 bytes`),
    );
    await spool.oldest();
    await spool.drop();
    await spool.append('scores', [row(2)]);
    expect(await drained(spool)).toEqual([{ table: 'scores', rows: [row(2)] }]);
  });

  it('leaves nothing of an append that the disk has no room for, and goes on when there is room', async () => {
    let room = 2;
    const openFile: typeof open = async (...path) => {
      const handle = await open(...path);
      const { appendFile } = handle;
      handle.appendFile = async (data, options) => {
        if (room-- > 0) return appendFile.call(handle, data, options);
        await appendFile.call(handle, (data as Buffer).subarray(0, 7), options);
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      };
      return handle;
    };
    const spool = Spool.open({ directory: temporaryDirectory(), maxBytes: MIB, openFile });
    await spool.append('scores', [row(1)]);
    await spool.append('scores', [row(2)]);
    await expect(spool.append('scores', [row(3)])).rejects.toThrow(/no room on the disk.*ENOSPC/);
    room = 1;
    await spool.append('scores', [row(4)]);
    expect(await drained(spool)).toEqual([1, 2, 4].map((n) => ({ table: 'scores', rows: [row(n)] })));
  });

  it('belongs to one process', () => {
    const directory = temporaryDirectory();
    const parent = { pid: process.ppid, host: hostname() };
    writeFileSync(join(directory, 'lock'), JSON.stringify(parent));
    expect(() => Spool.open({ directory, maxBytes: MIB })).toThrow(
      `the spool directory ${directory} cannot be used: process ${process.ppid} has it`,
    );
    writeFileSync(join(directory, 'lock'), JSON.stringify({ ...parent, host: 'another, long gone' }));
    expect(Spool.open({ directory, maxBytes: MIB }).isEmpty).toBe(true);
  });
});
