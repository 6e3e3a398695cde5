import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { NO_NOTICES, type NoticeBoard } from '../alerts/notices.js';
import type { Outputs, Sink } from '../engine/outputs.js';
import { hashId } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import { Outbox, OutboxBudget } from '../outbox.js';
import { faultOf } from './fault.js';
import { Inserter } from './insert.js';
import { LeftOut } from './left-out.js';
import { bytesOfRow, deadLetterRow, putRows, type Row, TABLES, type Table } from './rows.js';
import { type Spool, type SpooledRows, SpoolFullError } from './spool.js';

/** One insert at most: what ClickHouse takes well, and far from what one text of V8 can hold. */
const MAX_ROWS = 50_000;
const MAX_INSERT_BYTES = 8 * 1_048_576;
/** Rows in memory where nothing else is set: half a minute of 5 000 beds every second, or hours of 50. */
const MAX_WAITING_BYTES = 256 * 1_048_576;

/**
 * Share of the memory for rows up to which a table may fill it, where the store takes none. What can be read again from the
 * topics goes first: observations, scores, notes, images and treatments; then dead letters. Alerts and stays are few, and keep the rest.
 */
const SHARES: Record<Table, number> = {
  observations: 0.8,
  scores: 0.8,
  shadow_scores: 0.8,
  notes: 0.8,
  images: 0.8,
  treatments: 0.8,
  dead_letters: 0.9,
  stays: 1,
  alert_events: 1,
};
const BULK_SHARE = 0.8;
/** Rows are inserted at once, and not collected first. */
const URGENT = new Set<Table>(['alert_events', 'dead_letters']);

/** A store that has taken rows within this time is waited for when memory is full; one that has not is done without. */
const MOVING_MS = 5000;
/** What an insert may take when the store is slow: rows that wait longer are a reason for a notice. */
const AWAY_MS = 15_000;
const WATCH_MS = 1000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

export interface StoreSinkOptions {
  /** How long observations and scores are collected, in milliseconds. */
  readonly maxAgeMs?: number;
  /** Called at each attempt that finds the store away. */
  readonly onAway?: (error: unknown) => void;
  /** Told in words of rows that are not stored. */
  readonly onTrouble?: (message: string) => void;
  /** Where rows wait while the store is away. */
  readonly spool?: Spool | undefined;
  /** Called when the spool has no room. */
  readonly onFull?: (error: SpoolFullError) => void;
  /** Bytes of rows in memory at most. */
  readonly maxWaitingBytes?: number;
  /** Live, alerts never wait for the store: with memory full, rows are left out. History waits instead. */
  readonly isLive?: boolean;
  /** Resolves when the tables are there; by default they are. */
  readonly ready?: Promise<unknown>;
  readonly notices?: NoticeBoard;
  /** How long rows have waited when a notice says so, in milliseconds. */
  readonly awayAfterMs?: number;
}

/**
 * Writes results to ClickHouse, without keeping anybody waiting for it: rows go to an outbox of their table, in order, and
 * from there in inserts of bounded size. A row that the store refuses is set aside by itself. While the store is away rows wait
 * in the spool, or else in memory up to a bound; beyond it, live, those that can be read again from the topics are left out.
 */
export class StoreSink implements Sink {
  readonly #modelVersion: string;
  readonly #options: StoreSinkOptions;
  readonly #client: ClickHouseClient;
  readonly #inserter: Inserter;
  readonly #budget: OutboxBudget;
  readonly #outboxes: Readonly<Record<Table, Outbox<Row>>>;
  readonly #notices: NoticeBoard;
  readonly #watching: NodeJS.Timeout;
  readonly #spool: Spool | null;
  #isReady: boolean;
  readonly #since = performance.now();
  #draining: Promise<void> | null = null;
  #drainingSince = 0;
  readonly #closing = new AbortController();
  #lastFault = 'no answer';
  /** Rows that the store refused, by table. */
  readonly refused = new Map<Table, number>();
  /** Rows that are not stored since memory was full, by table. */
  readonly leftOut: LeftOut;

  constructor(client: ClickHouseClient, modelVersion: string, options: StoreSinkOptions = {}) {
    const { maxAgeMs = 500, spool = null, notices = NO_NOTICES, ready } = options;
    const { maxWaitingBytes = MAX_WAITING_BYTES, onTrouble = () => undefined } = options;
    this.#client = client;
    this.#modelVersion = modelVersion;
    this.#options = options;
    this.#notices = notices;
    this.#spool = spool;
    this.#inserter = new Inserter(client, (table, row, fault) => this.#refuse(table, row, fault));
    this.#budget = new OutboxBudget(maxWaitingBytes);
    this.leftOut = new LeftOut(notices, onTrouble);
    const outboxes = TABLES.map((table) => {
      const outbox = new Outbox<Row>({
        send: (rows) => this.#send(table, rows),
        budget: this.#budget,
        maxItems: MAX_ROWS,
        maxBytes: MAX_INSERT_BYTES,
        lingerMs: URGENT.has(table) ? 0 : maxAgeMs,
        onFailure: (error) => this.#fail(error),
      });
      return [table, outbox] as const;
    });
    this.#outboxes = Object.fromEntries(outboxes) as Record<Table, Outbox<Row>>;
    this.#isReady = ready === undefined;
    void ready?.then(() => {
      this.#isReady = true;
      if (spool?.isEmpty === false) this.#drain();
    });
    if (this.#isReady && spool?.isEmpty === false) this.#drain();
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
    this.#watching.unref();
  }

  /** Takes the rows. Waits for room only where the store is taking rows as they come, or nobody waits for alerts. */
  async write(outputs: Outputs): Promise<void> {
    putRows(outputs, this.#modelVersion, (table, row, eventTime) => this.#put(table, row, eventTime));
    while (this.#budget.used >= this.#boundOf(BULK_SHARE) && this.#mayWait()) {
      await this.#budget.change(MOVING_MS);
    }
  }

  /** Rows in memory that wait for the store. */
  get waiting(): number {
    return TABLES.reduce((sum, table) => sum + this.#outboxes[table].items, 0);
  }

  /** Bytes of these rows. */
  get waitingBytes(): number {
    return this.#budget.used;
  }

  async flush(): Promise<void> {
    await Promise.all(TABLES.map((table) => this.#outboxes[table].flush()));
  }

  async close(): Promise<void> {
    clearInterval(this.#watching);
    this.#closing.abort();
    const closed = await Promise.allSettled(TABLES.map((table) => this.#outboxes[table].close()));
    await this.#draining;
    await this.#spool?.close();
    await this.#client.close();
    const lost = closed.find((each) => each.status === 'rejected');
    if (lost !== undefined) throw lost.reason;
  }

  #put(table: Table, row: Row, eventTime: EpochMs | null): void {
    const bytes = bytesOfRow(row);
    const isFull = this.#budget.used + bytes > this.#boundOf(SHARES[table]);
    if (isFull && !this.#mayWait()) this.leftOut.add(table, eventTime);
    else this.#outboxes[table].add(row, bytes);
  }

  #boundOf(share: number): number {
    return share * this.#budget.maxBytes;
  }

  #mayWait(): boolean {
    if (this.#closing.signal.aborted) return false;
    return this.#options.isLive !== true || this.#budget.isMoving(MOVING_MS);
  }

  async #send(table: Table, rows: readonly Row[]): Promise<void> {
    const spool = this.#spool;
    if (!this.#isReady && spool === null) await this.#whenReady();
    if (this.#isReady && this.#draining === null) {
      try {
        await this.#inserter.insert(table, rows);
        return;
      } catch (error) {
        if (spool === null) throw error;
        this.#fail(error);
      }
    }
    await spool?.append(table, rows);
    this.#drain();
  }

  /** Ends early, with an error, when the sink is closed. */
  async #whenReady(): Promise<void> {
    const closed = new Promise<never>((_, reject) => {
      const { signal } = this.#closing;
      const fail = () => reject(new Error('the store was not there before the end'));
      if (signal.aborted) fail();
      else signal.addEventListener('abort', fail, { once: true });
    });
    await Promise.race([this.#options.ready, closed]);
  }

  #fail(error: unknown): void {
    if (error instanceof SpoolFullError) {
      this.#options.onFull?.(error);
      this.#drain();
      return;
    }
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
    this.#put('dead_letters', deadLetterRow(letter), null);
  }

  /** Whether rows have waited for long, whatever the store says or does not say. */
  get isAway(): boolean {
    const now = performance.now();
    const coming = this.#isReady ? 0 : now - this.#since;
    const draining = this.#draining === null ? 0 : now - this.#drainingSince;
    const waited = Math.max(coming, draining, ...TABLES.map((table) => this.#outboxes[table].oldestMs));
    return waited >= (this.#options.awayAfterMs ?? AWAY_MS);
  }

  #watch(): void {
    if (this.isAway) {
      this.#notices.raise({
        kind: 'store-away',
        priority: 'MEDIUM',
        detail: `ClickHouse takes nothing that is to be stored (${this.#lastFault}). Alerts and the ward go on; courses and reports lack what is new. It needs somebody who mends it.`,
      });
    } else this.#notices.clear('store-away');
    if (this.#budget.used < this.#boundOf(BULK_SHARE / 2)) this.leftOut.end();
  }

  /** Begins to insert what is in the spool; new rows go behind it until it is empty. */
  #drain(): void {
    if (this.#draining !== null || this.#spool === null || !this.#isReady) return;
    this.#drainingSince = performance.now();
    this.#draining = this.#drainAll(this.#spool).finally(() => {
      this.#draining = null;
      const isLeft = this.#spool?.isEmpty === false;
      if (isLeft && !this.#closing.signal.aborted) this.#drain();
    });
  }

  async #drainAll(spool: Spool): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = FIRST_RETRY_MS; !spool.isEmpty && !signal.aborted; ) {
      try {
        for (const { table, rows } of byTable(await spool.oldest())) {
          await this.#inserter.insert(table as Table, rows);
        }
        await spool.drop();
        wait = FIRST_RETRY_MS;
      } catch (error) {
        this.#fail(error);
        await sleep(wait, undefined, { signal }).catch(() => undefined);
        wait = Math.min(LONGEST_RETRY_MS, 2 * wait);
      }
    }
  }
}

/** One insert a table: small ones are costly. */
function byTable(spooled: readonly SpooledRows[]): SpooledRows[] {
  const rows = new Map<string, SpooledRows['rows'][number][]>();
  for (const { table, rows: more } of spooled) {
    const known = rows.get(table) ?? [];
    for (const row of more) known.push(row);
    rows.set(table, known);
  }
  return [...rows].map(([table, all]) => ({ table, rows: all }));
}
