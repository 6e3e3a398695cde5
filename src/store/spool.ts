import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open, readFile, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { WardstreamError } from '../errors.js';

/** Rows of one table, as they go to the store. */
export interface SpooledRows {
  readonly table: string;
  readonly rows: readonly (readonly unknown[])[];
}

export interface SpoolOptions {
  /** Of this process alone; made where it is missing. */
  readonly directory: string;
  /** It takes no more than this. */
  readonly maxBytes: number;
  /** How segments are opened; for tests of a disk that is full. */
  readonly openFile?: typeof open;
}

/** Why nothing can be appended: the bound, or the disk. */
export class SpoolFullError extends Error {}

const SEGMENT = /^(\d{12})\.jsonl$/;
const SEGMENT_BYTES = 8 * 1_048_576;
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

interface Segment {
  readonly file: string;
  bytes: number;
}

/**
 * Rows that wait on disk for a store that is away: files of JSON lines, a line an append, oldest file first. What `append`
 * has resolved for is on the disk and survives the process; a line that a crash cut short had not been acknowledged.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #lock: string;
  readonly #segments: Segment[] = [];
  /** The newest segment, while it is written to. */
  #open: FileHandle | null = null;
  #next = 1;
  /** One call after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SpoolOptions, lock: string) {
    this.#options = options;
    this.#lock = lock;
  }

  /** Takes over what a process before left. @throws WardstreamError `WS_STORE` where the directory cannot be used. */
  static open(options: SpoolOptions): Spool {
    const { directory } = options;
    const lock = join(directory, 'lock');
    try {
      mkdirSync(directory, { recursive: true });
      takeLock(lock);
    } catch (error) {
      const what = `the spool directory ${directory} cannot be used: ${(error as Error).message}`;
      throw new WardstreamError('WS_STORE', what, { cause: error });
    }
    const spool = new Spool(options, lock);
    for (const name of readdirSync(directory).sort()) {
      const number = Number(SEGMENT.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      const file = join(directory, name);
      spool.#segments.push({ file, bytes: statSync(file).size });
      spool.#next = number + 1;
    }
    return spool;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Resolves when the rows are on the disk. @throws SpoolFullError with nothing appended, where there is no room. */
  append(table: string, rows: SpooledRows['rows']): Promise<void> {
    return this.#inTurn(() => this.#append(table, rows));
  }

  /** The oldest rows, up to a file full of them; empty where nothing waits. They stay until `drop`. */
  oldest(): Promise<SpooledRows[]> {
    return this.#inTurn(() => this.#oldest());
  }

  /** What `oldest` gave is in the store. */
  drop(): Promise<void> {
    return this.#inTurn(async () => {
      const segment = this.#segments.shift();
      if (segment !== undefined) await unlink(segment.file);
    });
  }

  /** What waits stays for the next process. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#seal());
    rmSync(this.#lock, { force: true });
  }

  #inTurn<Result>(call: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(call);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #append(table: string, rows: SpooledRows['rows']): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ table, rows })}\n`);
    const { maxBytes, directory } = this.#options;
    if (this.bytes + line.length > maxBytes) {
      throw new SpoolFullError(`the spool in ${directory} holds its ${maxBytes} bytes`);
    }
    let before: number | null = null;
    try {
      const { handle, segment } = await this.#writable();
      before = segment.bytes;
      await handle.appendFile(line);
      await handle.datasync();
      segment.bytes += line.length;
    } catch (error) {
      // What cannot be taken back must not be written on behind.
      if (before !== null) await this.#open?.truncate(before).catch(() => this.#seal());
      const { code } = error as NodeJS.ErrnoException;
      if (!NO_ROOM.has(code ?? '')) throw error;
      throw new SpoolFullError(`there is no room on the disk of the spool in ${directory} (${code})`);
    }
  }

  async #oldest(): Promise<SpooledRows[]> {
    const [segment] = this.#segments;
    if (segment === undefined) return [];
    if (this.#segments.length === 1) await this.#seal();
    const lines = (await readFile(segment.file, 'utf8')).split('\n');
    // After the last line feed there is nothing, or a line that was cut short.
    return lines.slice(0, -1).flatMap(parseLine);
  }

  async #writable(): Promise<{ readonly handle: FileHandle; readonly segment: Segment }> {
    const newest = this.#segments.at(-1);
    if (this.#open !== null && newest !== undefined && newest.bytes < SEGMENT_BYTES) {
      return { handle: this.#open, segment: newest };
    }
    await this.#seal();
    const { directory, openFile = open } = this.#options;
    const file = join(directory, `${String(this.#next).padStart(12, '0')}.jsonl`);
    const handle = await openFile(file, 'a');
    this.#next++;
    this.#open = handle;
    const segment = { file, bytes: 0 };
    this.#segments.push(segment);
    await syncDirectory(directory, openFile);
    return { handle, segment };
  }

  async #seal(): Promise<void> {
    await this.#open?.close();
    this.#open = null;
  }
}

/** So that a new file outlives a power cut. */
async function syncDirectory(directory: string, openFile: typeof open): Promise<void> {
  const handle = await openFile(directory, 'r');
  await handle.sync();
  await handle.close();
}

/** A line that cannot be read, of a disk that lost it, is left out: the rows are in Kafka still, and a replay brings them. */
function parseLine(line: string): SpooledRows[] {
  try {
    return [JSON.parse(line) as SpooledRows];
  } catch {
    return [];
  }
}

/** Two processes on one directory would take each other's rows. */
function takeLock(lock: string): void {
  const mine = { pid: process.pid, host: hostname() };
  if (existsSync(lock)) {
    const { pid, host } = JSON.parse(readFileSync(lock, 'utf8')) as typeof mine;
    if (host === mine.host && pid !== mine.pid && isAlive(pid)) {
      throw new Error(`process ${pid} has it; give each process a directory of its own`);
    }
    rmSync(lock);
  }
  const descriptor = openSync(lock, 'wx');
  writeFileSync(descriptor, JSON.stringify(mine));
  closeSync(descriptor);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
