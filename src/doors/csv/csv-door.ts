import { createReadStream, type Stats } from 'node:fs';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WardstreamError } from '../../errors.js';
import type { CsvDoorConfig } from '../../settings/doors.js';
import { Deliverer } from '../deliverer.js';
import type { Door, DoorContext } from '../door.js';
import { textOf } from '../hl7/charset.js';
import { Batch } from '../json/batch.js';
import { type CsvMapping, loadCsvMapping } from './mapping.js';
import { cellsOf, recordsOf } from './records.js';
import { RowReader } from './rows.js';

/** Where files go that were read, and those that could not be. */
const DONE = 'done';
const ODD = 'odd';
/** Names under which senders write what is not complete, and what systems leave behind. */
const NOT_YET = /^[.~]|\.(tmp|part|partial|filepart|crdownload|swp)$/i;
/** A process that is told to end reads no further than this many rows. */
const ROWS_AT_ONCE = 500;

/** A file as it was seen last. */
interface Seen {
  readonly size: number;
  readonly changedMs: number;
  /** Looks at which it was the same. */
  looks: number;
}

/** A directory in which a system leaves CSV files. Each is read once it is complete, then moved. */
export class CsvDoor implements Door {
  readonly name: string;
  readonly address: string;
  readonly #config: CsvDoorConfig;
  readonly #context: DoorContext;
  readonly #mapping: CsvMapping;
  readonly #deliverer: Deliverer;
  readonly #seen = new Map<string, Seen>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  /** What the last look failed with: it is told once. */
  #fault = '';

  private constructor(config: CsvDoorConfig, context: DoorContext) {
    this.name = config.name ?? 'csv';
    this.#config = config;
    this.#context = context;
    this.#mapping = loadCsvMapping(config.mapping);
    this.#deliverer = new Deliverer(this.name, context);
    this.address = `file:${resolve(config.directory)}`;
  }

  /** @throws WardstreamError `WS_CONFIG` where the mapping is wrong, or the directory cannot be written to. */
  static async open(config: CsvDoorConfig, context: DoorContext): Promise<CsvDoor> {
    const door = new CsvDoor(config, context);
    try {
      for (const each of [DONE, ODD]) await mkdir(join(config.directory, each), { recursive: true });
    } catch (error) {
      const why = (error as Error).message;
      throw new WardstreamError('WS_CONFIG', `door ${door.name}: ${config.directory} cannot be used: ${why}`);
    }
    door.#plan(0);
    return door;
  }

  /** Takes no further file; of one that is being read, the log has what it has, and the file stays for the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#work;
  }

  #plan(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#work = this.#look()
        .then(() => this.#say(''))
        .catch((error: unknown) => this.#say((error as Error).message))
        .finally(() => {
          if (!this.#isClosing) this.#plan(this.#config.pollMs);
        });
    }, ms);
  }

  /** Reads the files that are complete, in the order in which they were written. */
  async #look(): Promise<void> {
    const found = await this.#files();
    for (const name of this.#seen.keys()) if (!found.has(name)) this.#seen.delete(name);
    const complete = [...found].filter(([name, stats]) => this.#isComplete(name, stats));
    complete.sort(([a, { mtimeMs: first }], [b, { mtimeMs: second }]) => first - second || (a < b ? -1 : 1));
    for (const [name] of complete) {
      if (this.#isClosing) return;
      await this.#take(name);
    }
  }

  async #files(): Promise<Map<string, Stats>> {
    const { directory } = this.#config;
    const found = new Map<string, Stats>();
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isFile() || NOT_YET.test(entry.name)) continue;
      // It may have been taken away since.
      const stats = await stat(join(directory, entry.name)).catch(() => null);
      if (stats !== null) found.set(entry.name, stats);
    }
    return found;
  }

  /** Nothing came to it for as many looks as the settings ask. */
  #isComplete(name: string, { size, mtimeMs: changedMs }: Stats): boolean {
    const seen = this.#seen.get(name);
    const isSame = seen?.size === size && seen.changedMs === changedMs;
    const looks = isSame ? seen.looks + 1 : 0;
    this.#seen.set(name, { size, changedMs, looks });
    return looks * this.#config.pollMs >= this.#config.stableMs;
  }

  /** Brings a file to the log, then moves it. Rejects where the log does not take it: the file stays. */
  async #take(name: string): Promise<void> {
    const meter = this.#context.meters.of(this.name, '');
    const odd = await this.#read(name);
    if (this.#isClosing) return;
    const to = odd === null ? DONE : ODD;
    meter.answers.set(to, (meter.answers.get(to) ?? 0) + 1);
    if (odd !== null) this.#context.onWarning(`door ${this.name}: ${name} is set aside: ${odd}`);
    await this.#move(name, to);
    this.#seen.delete(name);
  }

  /** Null where it was read, else why it is no file of the sender. */
  async #read(name: string): Promise<string | null> {
    const { layout, sender } = this.#mapping;
    const { clock, limits, meters } = this.#context;
    const meter = meters.of(this.name, '');
    const reading = { sender, source: this.name, now: clock.now(), limits };
    const batch = new Batch(
      reading,
      (delivery, bytes) => this.#deliverer.deliver(delivery, { bytes, meter }),
      meter,
    );
    const stream = createReadStream(join(this.#config.directory, name));
    let rows: RowReader | null = null;
    let row = 0;
    for await (const { bytes, isBroken } of recordsOf(stream, layout.delimiter)) {
      const text = textOf(bytes, sender.encoding).replace(/^\uFEFF/, '');
      const cells = isBroken ? null : cellsOf(text, layout.delimiter);
      if (rows === null) {
        const reader = cells === null ? 'its first line is no line of CSV' : RowReader.of(layout, cells);
        if (typeof reader === 'string') return reader;
        rows = reader;
        continue;
      }
      await batch.take(rows.read(cells, reading), () => Buffer.from(bytes));
      if (++row % ROWS_AT_ONCE === 0 && this.#isClosing) return null;
    }
    await batch.flush();
    return rows === null ? 'it is empty' : null;
  }

  /** Under another name where there is one of that name: nothing is written over. */
  async #move(name: string, to: string): Promise<void> {
    const { directory } = this.#config;
    const taken = new Set(await readdir(join(directory, to)));
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name}.${count}`;
    await rename(join(directory, name), join(directory, to, free));
  }

  /** Tells of a fault when it begins; it is tried again at the next look. */
  #say(fault: string): void {
    if (fault !== '' && fault !== this.#fault) {
      this.#context.meters.cut(this.name, 'log');
      this.#context.onWarning(`door ${this.name}: files stay where they are: ${fault}`);
    }
    this.#fault = fault;
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }
}
