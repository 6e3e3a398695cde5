import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { NO_NOTICES, type NoticeBoard } from '../../alerts/notices.js';
import type { Consumer, EventBus, LogState, Position, Reader, RecordBatch } from '../../bus/bus.js';
import type { Clock } from '../../clock.js';
import { TOPICS } from '../../contract/topics.js';
import { SchemaLoader } from '../../engine/schema-loader.js';
import type { MessageCodec } from '../../events/codec.js';
import { hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import type { RawRecord } from '../../events/record.js';
import type { ValidationLimits } from '../../events/validate.js';
import { faultOf } from '../fault.js';
import { Inserter } from '../insert.js';
import { deadLetterRow, type Row, type Table } from '../rows.js';
import { DecidedInput, STORED_INPUT } from './decided-input.js';
import { MessageRows } from './message-rows.js';
import { RowBatch } from './row-batch.js';

/** What is read: the input, what the engine said of it, and what it wrote. */
export const STORED_TOPICS = [
  ...STORED_INPUT,
  TOPICS.verdicts,
  TOPICS.scores,
  TOPICS.alerts,
  TOPICS.deadLetters,
] as const;

/** One batch at most: what ClickHouse takes well, and far from what one text of V8 can hold. */
const MAX_ROWS = 50_000;
const MAX_BYTES = 16 * 1_048_576;
const MAX_AGE_MS = 500;
/** What an insert may take when the store is slow: rows that wait longer are a reason for a notice. */
const AWAY_MS = 15_000;
const WATCH_MS = 1000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** So long a partition that another process is to have is held for what waits. */
const RELEASE_WITHIN_MS = 2000;

/** At its end, what an engine of this process has written last is written too; so long at most. */
const READ_ON_WITHIN_MS = 5000;
const READ_ON_POLL_MS = 20;

const READER: Reader = {
  group: 'writer',
  who: 'the writer of the store',
  // What is in the topics and not in the store belongs there, however old it is.
  since: async () => 0,
  lookBack: 0,
};

export interface StoreWriterOptions {
  readonly bus: EventBus;
  readonly client: ClickHouseClient;
  /** Decodes the input; it is no engine's. */
  readonly codec: MessageCodec;
  readonly limits: ValidationLimits;
  readonly clock: Clock;
  /** Resolves when the tables are there; by default they are. */
  readonly ready?: Promise<unknown>;
  readonly notices?: NoticeBoard;
  /** Called at each attempt that finds the store away. */
  readonly onAway?: (error: unknown) => void;
  /** Told in words when the store takes rows again. */
  readonly onRelief?: (message: string) => void;
  /** Told in words of rows that are not stored. */
  readonly onTrouble?: (message: string) => void;
  /** How long rows are collected, in milliseconds. */
  readonly maxAgeMs?: number;
  readonly maxRows?: number;
  /** How long rows have waited when a notice says so, in milliseconds. */
  readonly awayAfterMs?: number;
}

/**
 * Fills the store from the log, in a group of its own. How far it has read is committed once the rows are in the store: what is written
 * twice replaces itself. While one batch is inserted the next is collected; where the store is away, nothing more is read, and later it goes
 * on from there. A row that the store refuses is set aside by itself.
 */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  readonly #rows: MessageRows;
  readonly #inserter: Inserter;
  readonly #schemas: SchemaLoader;
  readonly #notices: NoticeBoard;
  readonly #inputs = new Map<number, DecidedInput>();
  /** Next offset of the engine's topics, by partition. */
  readonly #next = new Map<number, Map<string, number>>();
  readonly #committed = new Map<string, number>();
  readonly #paused = new Map<number, string>();
  readonly #closing = new AbortController();
  readonly #watching: NodeJS.Timeout;
  #consumer: Consumer | null = null;
  #batch = new RowBatch();
  /** What is being inserted. */
  #underWay: RowBatch | null = null;
  #inserting: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #lastFault = 'no answer';
  #reportFailure: (error: Error) => void = () => undefined;
  readonly #failed = new Promise<Error>((resolve) => {
    this.#reportFailure = resolve;
  });
  /** Rows that the store refused, by table. */
  readonly refused = new Map<Table, number>();

  private constructor(options: StoreWriterOptions) {
    const { client, codec, limits, notices = NO_NOTICES, onTrouble } = options;
    this.#options = options;
    this.#notices = notices;
    this.#rows = new MessageRows(codec, limits, (table, row) => this.#batch.put(table, row));
    this.#inserter = new Inserter(client, (table, row, fault) => this.#refuse(table, row, fault));
    this.#schemas = new SchemaLoader(codec, { notices, onWarning: onTrouble });
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
    this.#watching.unref();
  }

  /** Begins to read from where the group has committed to. */
  static async start(options: StoreWriterOptions): Promise<StoreWriter> {
    const writer = new StoreWriter(options);
    const { bus, clock } = options;
    await bus.createTopics(STORED_TOPICS);
    const handler = {
      assigned: async (partitions: readonly number[], _: readonly string[], logs?: LogState) => {
        for (const partition of partitions) writer.#begin(partition, logs);
      },
      batch: (batch: RecordBatch) => writer.#take(batch),
      revoked: async (partitions: readonly number[]) => writer.#forget(partitions),
      releasing: () => writer.#release(),
      failed: (error: Error) => writer.#reportFailure(error),
    };
    writer.#consumer = await bus.consume(STORED_TOPICS, handler, clock, READER);
    return writer;
  }

  /** Rows in memory that wait for the store. */
  get waiting(): number {
    return this.#batch.rows + (this.#underWay?.rows ?? 0);
  }

  /** Bytes of these rows. */
  get waitingBytes(): number {
    return this.#batch.bytes + (this.#underWay?.bytes ?? 0);
  }

  /** Messages that wait for the engine to decide on them. */
  get undecided(): number {
    return [...this.#inputs.values()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** Records of the engine's topics that could not be read. */
  get unreadable(): number {
    return this.#rows.unreadable;
  }

  /** Whether rows have waited for long, whatever the store says or does not say. */
  get isAway(): boolean {
    const { since = Number.NaN, rows = 0 } = this.#underWay ?? {};
    return rows > 0 && performance.now() - since >= (this.#options.awayAfterMs ?? AWAY_MS);
  }

  /** Resolves when reading has ended by itself, with the reason. */
  failed(): Promise<Error> {
    return this.#failed;
  }

  /** Resolves when all that was handed over by now and decided on is in the store, or is given up. */
  async flush(): Promise<void> {
    await this.#cut();
    await this.#inserting;
  }

  /** Closed while the store takes nothing: what is left is read again by who reads on. */
  get #hasGivenUp(): boolean {
    return this.#closing.signal.aborted && this.#failures > 0;
  }

  /** Writes what is in the log by now, as far as that takes no time; the rest is read by who reads on. */
  async close(): Promise<void> {
    await this.#readOn(this.#options.clock.now());
    this.#closing.abort();
    clearInterval(this.#watching);
    clearTimeout(this.#timer);
    this.#schemas.close();
    await this.flush();
    await this.#consumer?.close();
  }

  /** Resolves when all that was in the log at a time is handed over, the store takes nothing, or it takes long. */
  async #readOn(until: EpochMs): Promise<void> {
    const end = performance.now() + READ_ON_WITHIN_MS;
    const isThere = () => this.#consumer?.progress().every(({ readThrough }) => readThrough >= until) ?? true;
    while (this.#failures === 0 && performance.now() < end && !isThere()) await sleep(READ_ON_POLL_MS);
  }

  #begin(partition: number, logs?: LogState): DecidedInput {
    const committedOf = (topic: string) => logs?.committed?.(topic, partition)?.offset;
    const input = new DecidedInput(partition, committedOf, (record, said) =>
      this.#rows.putInput(record, said),
    );
    this.#inputs.set(partition, input);
    return input;
  }

  async #take(batch: RecordBatch): Promise<void> {
    const { partition, records, positions } = batch;
    if (this.#schemas.isMissing(records)) await this.#schemas.load(records);
    // Closed meanwhile, it knows nothing of a schema that was not there yet: who reads on may.
    if (this.#closing.signal.aborted) return;
    const input = this.#inputs.get(partition) ?? this.#begin(partition);
    const next = this.#next.get(partition) ?? new Map<string, number>();
    this.#next.set(partition, next);
    for (const record of records) this.#takeOne(record, input);
    for (const { topic, offset } of positions) {
      if (isEngines(topic)) next.set(topic, offset);
      else input.passed(topic, offset);
    }
    this.#regulate(input);
    if (this.#isFull) await this.#cut();
    else this.#timer ??= setTimeout(() => this.#due(), this.#options.maxAgeMs ?? MAX_AGE_MS);
  }

  #takeOne(record: RawRecord, input: DecidedInput): void {
    const topic: string = record.topic;
    if (topic === TOPICS.scores) this.#rows.putScore(record);
    else if (topic === TOPICS.alerts) this.#rows.putAlert(record);
    else if (topic === TOPICS.deadLetters) this.#rows.putDeadLetter(record);
    else if (topic !== TOPICS.verdicts) input.add(record);
    else {
      const verdict = this.#rows.read('Verdict', record);
      if (verdict === null) return;
      this.#rows.putStay(verdict);
      input.note(verdict, record.offset);
    }
  }

  /** Topics of which too much waits in memory are not read on. */
  #regulate(input: DecidedInput): void {
    const { partition, paused } = input;
    const key = paused.join(' ');
    if (key === (this.#paused.get(partition) ?? '')) return;
    this.#paused.set(partition, key);
    this.#consumer?.pause(partition, paused);
  }

  get #isFull(): boolean {
    return this.#batch.rows >= (this.#options.maxRows ?? MAX_ROWS) || this.#batch.bytes >= MAX_BYTES;
  }

  #due(): void {
    this.#timer = undefined;
    // What is collected while an insert is under way goes behind it.
    if (this.#inserting === null) void this.#cut();
    else void this.#inserting.then(() => this.#cut());
  }

  /** Lets the batch go, once the one before it is in the store. */
  async #cut(): Promise<void> {
    while (this.#inserting !== null) await this.#inserting;
    // What was given up is read again, and so must be what comes behind it.
    if (this.#hasGivenUp) return;
    const batch = this.#batch;
    batch.positions = this.#positions();
    if (batch.rows + batch.positions.length === 0) return;
    this.#batch = new RowBatch();
    this.#underWay = batch;
    this.#inserting = this.#insert(batch)
      .catch((error: Error) => this.#reportFailure(error))
      .finally(() => {
        this.#underWay = null;
        this.#inserting = null;
      });
  }

  /** Inserts until the rows are there, or it is closed. */
  async #insert(batch: RowBatch): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LONGEST_RETRY_MS, 2 * wait)) {
      const isLast = signal.aborted;
      try {
        await this.#whenReady();
        // What the store refuses is told in a row of its own.
        for (let next = batch.first(); next !== null; next = batch.first()) {
          await this.#inserter.insert(next.table, next.rows);
          batch.done(next.table);
        }
        break;
      } catch (error) {
        this.#fail(error);
        if (isLast) return;
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      }
    }
    if (this.#failures > 0) this.#options.onRelief?.('the store takes rows again');
    this.#failures = 0;
    const { positions } = batch;
    if (positions.length === 0 || !(await this.#consumer?.commit(positions))) return;
    for (const { topic, partition, offset } of positions)
      this.#committed.set(`${topic}/${partition}`, offset);
  }

  /** Rejects when it is closed before the tables are there. */
  async #whenReady(): Promise<void> {
    const { ready } = this.#options;
    if (ready === undefined) return;
    const { signal } = this.#closing;
    let fail: () => void = () => undefined;
    const closed = new Promise<never>((_, reject) => {
      fail = () => reject(new Error('the store was not there before the end'));
      if (signal.aborted) setTimeout(fail);
      else signal.addEventListener('abort', fail, { once: true });
    });
    await Promise.race([ready, closed]).finally(() => signal.removeEventListener('abort', fail));
  }

  /** How far everything is written once the rows so far are, where that is further than is committed. */
  #positions(): Position[] {
    const all = [...this.#inputs.values()].flatMap((input) => input.positions());
    for (const [partition, next] of this.#next) {
      for (const [topic, offset] of next) all.push({ topic, partition, offset });
    }
    return all.filter(
      ({ topic, partition, offset }) => this.#committed.get(`${topic}/${partition}`) !== offset,
    );
  }

  #forget(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#inputs.delete(partition);
      this.#next.delete(partition);
      this.#paused.delete(partition);
      for (const topic of STORED_TOPICS) this.#committed.delete(`${topic}/${partition}`);
    }
    const batch = this.#underWay;
    if (batch !== null)
      batch.positions = batch.positions.filter(({ partition }) => !partitions.includes(partition));
  }

  async #release(): Promise<void> {
    await Promise.race([this.flush(), sleep(RELEASE_WITHIN_MS, undefined, { ref: false })]);
  }

  #fail(error: unknown): void {
    this.#failures++;
    this.#lastFault = faultOf(error);
    this.#options.onAway?.(error);
  }

  #refuse(table: Table, row: Row, fault: string): void {
    this.refused.set(table, (this.refused.get(table) ?? 0) + 1);
    this.#options.onTrouble?.(`the store refuses a row of ${table}, which is left out: ${fault}`);
    if (table === 'dead_letters') return;
    const letter = {
      deadLetterId: hashId('store', table, JSON.stringify(row)),
      topic: `store:${table}`,
      partition: 0,
      offset: 0,
      reason: 'refused-by-store',
      detail: `${fault}; what the row says is not told here, since it is what was refused`,
      patientId: null,
      eventTime: null,
      raw: Buffer.alloc(0),
      count: 1,
    };
    // Before what tells that it was read is committed.
    (this.#underWay ?? this.#batch).put('dead_letters', deadLetterRow(letter));
  }

  #watch(): void {
    if (!this.isAway) {
      this.#notices.clear('store-away');
      return;
    }
    this.#notices.raise({
      kind: 'store-away',
      priority: 'MEDIUM',
      detail: `ClickHouse takes nothing that is to be stored (${this.#lastFault}). Alerts and the ward go on; courses and reports lack what is new until it is back. It needs somebody who mends it.`,
    });
  }
}

function isEngines(topic: string): boolean {
  return topic === TOPICS.scores || topic === TOPICS.alerts || topic === TOPICS.deadLetters;
}
