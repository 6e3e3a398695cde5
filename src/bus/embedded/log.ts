import { randomUUID } from 'node:crypto';
import { mkdirSync, statfsSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { WardstreamError } from '../../errors.js';
import type { EpochMs } from '../../events/event.js';
import { LazyWorker } from '../../threads/lazy-worker.js';
import type { Committed, Position, TopicDescription } from '../bus.js';
import { ABOUT, DATABASE_OPTIONS, ROOT_OPTIONS } from './options.js';
import { decodeRecord, encodeRecord, type LogRecord, timeOf } from './record.js';
import type { Put, Removal, WriteTask } from './write-worker.js';

export interface NewTopic {
  readonly partitions: number;
  /** Only the newest record of each key is kept. */
  readonly isCompacted: boolean;
}

export interface NewRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly epoch?: number | undefined;
}

interface Topic extends NewTopic {
  /** Tells it from another of the same name that was made after it. */
  readonly id: string;
}

type Table = Database<Buffer, number>;

/** One partition of a topic. */
interface Partition {
  readonly name: string;
  readonly table: Table;
  /** The next record gets this offset. */
  next: number;
  /** All before it is on the disk. */
  end: number;
  /** When the records that are on their way to the disk were appended, oldest first. */
  readonly coming: EpochMs[];
  /** Offset of each key's newest record; null where all are kept. */
  readonly newest: Map<string, number> | null;
}

/** What waits to be written, and who waits for it. */
interface Pending {
  readonly puts: Put[];
  readonly removals: Removal[];
  readonly done: (() => void)[];
  readonly failed: ((error: unknown) => void)[];
}

const WRITER_HEAP_MB = 256;
/** Directories that this process has open. */
const OPEN = new Set<string>();

/**
 * Topics in one directory, on LMDB. What is appended is on the disk (fsync) before `append` resolves; what is appended meanwhile goes to
 * the disk together. One process has it at a time.
 */
export class EmbeddedLog {
  readonly #directory: string;
  readonly #now: () => EpochMs;
  readonly #root: RootDatabase<Buffer, number>;
  readonly #about: Database<Buffer, string>;
  readonly #writer = new LazyWorker<WriteTask, void>('bus/embedded/write-worker', 'write', WRITER_HEAP_MB);
  readonly #topics = new Map<string, Topic>();
  readonly #partitions = new Map<string, Partition>();
  readonly #listeners = new Set<() => void>();
  #pending = nothing();
  /** Resolves when what waits for the disk is there; null where nothing does. */
  #writing: Promise<void> | null = null;
  /** Why the disk takes nothing; null while it does. */
  fault: string | null = null;

  private constructor(directory: string, now: () => EpochMs) {
    this.#directory = directory;
    this.#now = now;
    this.#root = open({ ...ROOT_OPTIONS, path: directory });
    this.#about = this.#root.openDB({ ...DATABASE_OPTIONS, name: ABOUT });
  }

  /** @throws WardstreamError `WS_BUS` where the directory cannot be used, or another process has it. */
  static open(directory: string, now: () => EpochMs): EmbeddedLog {
    if (OPEN.has(directory)) throw inUse(directory, process.pid);
    let log: EmbeddedLog;
    try {
      mkdirSync(directory, { recursive: true });
      log = new EmbeddedLog(directory, now);
    } catch (error) {
      throw cannot(`open the log in ${directory}`, error);
    }
    const other = log.#otherProcess();
    if (other !== null) {
      void log.#root.close();
      throw inUse(directory, other);
    }
    OPEN.add(directory);
    log.#load();
    return log;
  }

  topics(): TopicDescription[] {
    return [...this.#topics].map(([name, { partitions }]) => ({ name, partitions }));
  }

  /** False where there is one of the name. */
  async createTopic(name: string, { partitions, isCompacted }: NewTopic): Promise<boolean> {
    if (this.#topics.has(name)) return false;
    const topic: Topic = { id: randomUUID(), partitions, isCompacted };
    this.#topics.set(name, topic);
    for (let number = 0; number < partitions; number++) this.#begin(name, number, isCompacted);
    await this.#write([about(`topic/${name}`, topic)], []);
    return true;
  }

  idOf(topic: string): string | undefined {
    return this.#topics.get(topic)?.id;
  }

  /** The next offset to be read; undefined where there is no such partition. */
  endOf(topic: string, partition: number): number | undefined {
    return this.#partitions.get(nameOf(topic, partition))?.end;
  }

  /** All that was appended before is on the disk. */
  writtenThrough(topic: string, partition: number): EpochMs {
    return this.#of(topic, partition).coming[0] ?? this.#now();
  }

  /** Resolves with their offsets once the records are on the disk. @throws WardstreamError `WS_BUS` where the disk takes nothing. */
  async append(topic: string, records: readonly NewRecord[]): Promise<number[]> {
    const time = this.#now();
    const puts: Put[] = [];
    const removals: Removal[] = [];
    const touched = new Set<Partition>();
    const offsets = records.map(({ partition: number, key, value, epoch }) => {
      const partition = this.#of(topic, number);
      const offset = partition.next++;
      puts.push({ database: partition.name, key: offset, value: encodeRecord(time, { key, value, epoch }) });
      const before = partition.newest?.get(key);
      if (before !== undefined) removals.push({ database: partition.name, keys: [before] });
      partition.newest?.set(key, offset);
      touched.add(partition);
      return offset;
    });
    const ends = [...touched].map((partition) => ({ partition, end: partition.next }));
    for (const { coming } of touched) coming.push(time);
    try {
      await this.#write(puts, removals);
      for (const { partition, end } of ends) partition.end = end;
    } catch (error) {
      for (const partition of touched) forgetUnwritten(partition);
      throw error;
    } finally {
      for (const { coming } of touched) coming.shift();
    }
    for (const told of this.#listeners) told();
    return offsets;
  }

  /** At most so many records of what is on the disk, from the offset on. */
  read(topic: string, partition: number, from: number, most: number): LogRecord[] {
    const { table, end } = this.#of(topic, partition);
    return [...table.getRange({ start: from, end, limit: most })].map(({ key, value }) =>
      decodeRecord(key, value),
    );
  }

  /** The record at this offset; undefined where it is not there any more. */
  at(topic: string, partition: number, offset: number): LogRecord | undefined {
    const bytes = this.#of(topic, partition).table.get(offset);
    return bytes === undefined ? undefined : decodeRecord(offset, bytes);
  }

  /** Every record that is there. */
  *all(topic: string, partition: number): Generator<LogRecord> {
    for (const { key, value } of this.#of(topic, partition).table.getRange({}))
      yield decodeRecord(key, value);
  }

  /** The newest record of a key of a compacted topic. */
  newestOf(topic: string, partition: number, key: string): LogRecord | undefined {
    const offset = this.#of(topic, partition).newest?.get(key);
    return offset === undefined ? undefined : this.at(topic, partition, offset);
  }

  /** The first offset whose record was appended at the time or later; the end where there is none. */
  offsetAt(topic: string, partition: number, time: EpochMs): number {
    const { table, end } = this.#of(topic, partition);
    let low = this.startOf(topic, partition);
    let high = end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [found] = table.getRange({ start: middle, end: high, limit: 1 });
      if (found === undefined || timeOf(found.value) >= time) high = middle;
      else low = found.key + 1;
    }
    return low;
  }

  /** The first offset that is there; the end where nothing is. */
  startOf(topic: string, partition: number): number {
    const { table, end } = this.#of(topic, partition);
    const [first] = table.getKeys({ limit: 1 });
    return first ?? end;
  }

  /** Notes how far a group has got. */
  async commit(group: string, positions: readonly Position[]): Promise<void> {
    const puts = positions.map(({ topic, partition, offset, note }) =>
      about(`group/${group}/${nameOf(topic, partition)}`, { offset, topicId: this.idOf(topic), note }),
    );
    await this.#write(puts, []);
  }

  /** How far a group has got; undefined where it has noted nothing. */
  committed(group: string, topic: string, partition: number): Committed | undefined {
    const bytes = this.#about.get(`group/${group}/${nameOf(topic, partition)}`);
    if (bytes === undefined) return undefined;
    const { topicId, ...committed } = JSON.parse(bytes.toString()) as Committed & { topicId?: string };
    return topicId === this.idOf(topic) ? committed : undefined;
  }

  /** Removes records that were appended before the time, of those before the offset; of a compacted topic only those without a value. */
  async trim(topic: string, number: number, before: EpochMs, offset: number): Promise<number> {
    const partition = this.#of(topic, number);
    const { table, end, newest, name } = partition;
    const until = Math.min(offset, end);
    const gone: number[] = [];
    for (const { key, value } of table.getRange({ end: until })) {
      if (timeOf(value) >= before) break;
      if (newest === null) gone.push(key);
      else {
        const record = decodeRecord(key, value);
        if (record.value !== null) continue;
        gone.push(key);
        newest.delete(record.key);
      }
    }
    if (gone.length === 0) return 0;
    // Offsets go on from where they were, also where nothing is left.
    await this.#write([about(`floor/${name}`, { end })], [{ database: name, keys: gone }]);
    return gone.length;
  }

  /** Told when records have come to the disk. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#writer.close();
    await this.#root.close();
    OPEN.delete(this.#directory);
  }

  #of(topic: string, partition: number): Partition {
    const found = this.#partitions.get(nameOf(topic, partition));
    if (found === undefined) throw new WardstreamError('WS_BUS', `the log has no ${topic}/${partition}`);
    return found;
  }

  #load(): void {
    for (const { key, value } of this.#about.getRange({ start: 'topic/', end: 'topic0' })) {
      const topic = JSON.parse(value.toString()) as Topic;
      const name = key.slice('topic/'.length);
      this.#topics.set(name, topic);
      for (let number = 0; number < topic.partitions; number++) this.#begin(name, number, topic.isCompacted);
    }
  }

  #begin(topic: string, number: number, isCompacted: boolean): void {
    const name = nameOf(topic, number);
    const table: Table = this.#root.openDB({ ...DATABASE_OPTIONS, name });
    const [last] = table.getKeys({ reverse: true, limit: 1 });
    const floor = this.#about.get(`floor/${name}`);
    const trimmed = floor === undefined ? 0 : (JSON.parse(floor.toString()) as { end: number }).end;
    const end = Math.max(trimmed, last === undefined ? 0 : last + 1);
    const newest = isCompacted ? newestIn(table) : null;
    this.#partitions.set(name, { name, table, next: end, end, coming: [], newest });
  }

  #write(puts: readonly Put[], removals: readonly Removal[]): Promise<void> {
    const { done, failed, ...tasks } = this.#pending;
    tasks.puts.push(...puts);
    tasks.removals.push(...removals);
    const written = new Promise<void>((resolve, reject) => {
      done.push(resolve);
      failed.push(reject);
    });
    this.#writing ??= this.#writeAll();
    return written;
  }

  /** What comes while the disk is busy goes there together, next. */
  async #writeAll(): Promise<void> {
    while (this.#pending.done.length > 0) {
      const { puts, removals, done, failed } = this.#pending;
      this.#pending = nothing();
      try {
        await this.#writer.run({ directory: this.#directory, puts, removals });
        this.#root.resetReadTxn();
        this.fault = null;
        for (const resolve of done) resolve();
      } catch (error) {
        const failure = cannot(`write to the log in ${this.#directory} (${roomIn(this.#directory)})`, error);
        this.fault = failure.message;
        for (const reject of failed) reject(failure);
      }
    }
    this.#writing = null;
  }

  /** A process other than this one that reads the log. */
  #otherProcess(): number | null {
    // Reading makes this process one of the readers; those whose processes are gone are no more.
    this.#about.get('');
    this.#root.readerCheck();
    const pids = [...this.#root.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid));
    return pids.find((pid) => pid !== process.pid) ?? null;
  }
}

function nothing(): Pending {
  return { puts: [], removals: [], done: [], failed: [] };
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function about(key: string, value: object): Put {
  return { database: ABOUT, key, value: Buffer.from(JSON.stringify(value)) };
}

function newestIn(table: Table): Map<string, number> {
  const newest = new Map<string, number>();
  for (const { key, value } of table.getRange({})) newest.set(decodeRecord(key, value).key, key);
  return newest;
}

/** After an append that failed: the newest of each key is again what is on the disk. */
function forgetUnwritten({ newest, table }: Partition): void {
  if (newest === null) return;
  newest.clear();
  for (const [key, offset] of newestIn(table)) newest.set(key, offset);
}

/** LMDB's own words for a full disk are `Input/output error`. */
function roomIn(directory: string): string {
  const { bavail, bsize } = statfsSync(directory);
  return `${((bavail * bsize) / 1e6).toFixed(1)} MB free`;
}

function inUse(directory: string, pid: number): WardstreamError {
  return new WardstreamError(
    'WS_BUS',
    `the log in ${directory} is in use by process ${pid}: a directory belongs to one process; stop it or name another bus.directory`,
  );
}

function cannot(what: string, error: unknown): WardstreamError {
  return new WardstreamError(
    'WS_BUS',
    `cannot ${what}: ${error instanceof Error ? error.message : String(error)}`,
    {
      cause: error,
    },
  );
}
