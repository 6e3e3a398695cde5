import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './deadline.js';

/** Memory that several outboxes share. */
export class OutboxBudget {
  readonly maxBytes: number;
  #used = 0;
  /** When something last went out, by `performance.now()`. */
  #wentOutAt = Number.NEGATIVE_INFINITY;
  #waiting: (() => void)[] = [];

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get used(): number {
    return this.#used;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#wentOutAt = performance.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Whether something went out in so many milliseconds. */
  isMoving(withinMs: number): boolean {
    return performance.now() - this.#wentOutAt < withinMs;
  }

  /** Resolves when something has gone out, or the time is over. */
  async change(timeoutMs: number): Promise<void> {
    const changed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    await within(timeoutMs, changed, () => undefined);
  }
}

export interface OutboxOptions<Item> {
  /** Brings items to their place. Where it rejects it is called again with the same, until the outbox is closed. */
  readonly send: (items: readonly Item[]) => Promise<void>;
  /** What items take of; by default of a budget of their own, without a bound. */
  readonly budget?: OutboxBudget;
  /** Items of one call of `send` at most, and bytes, unless one alone has more. */
  readonly maxItems: number;
  readonly maxBytes: number;
  /** How long items are collected before they are sent, in milliseconds: small requests are dear. */
  readonly lingerMs?: number;
  /** Called for each failure of `send`. */
  readonly onFailure?: (error: unknown) => void;
}

/** What goes out with one call. */
interface Parcel<Item> {
  readonly items: Item[];
  bytes: number;
  /** When its first item came. */
  readonly since: number;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/**
 * Items on their way, in order, to a place that may be slow or away. Who adds one never waits: items are collected into
 * parcels, a parcel is sent after the other, and one that does not get through is sent again with growing pauses.
 */
export class Outbox<Item> {
  readonly #options: OutboxOptions<Item>;
  readonly #budget: OutboxBudget;
  /** The first is the one being sent. */
  readonly #parcels: Parcel<Item>[] = [];
  #isSending = false;
  /** Parcels that are dealt with, and those that were begun, since the start. */
  #done = 0;
  #begun = 0;
  #items = 0;
  #flushes: { readonly until: number; readonly settle: () => void }[] = [];
  /** Ends the collecting of items. */
  #hurry: () => void = () => undefined;
  readonly #closing = new AbortController();
  #lost: unknown = null;

  constructor(options: OutboxOptions<Item>) {
    this.#options = options;
    this.#budget = options.budget ?? new OutboxBudget(Number.POSITIVE_INFINITY);
  }

  /** Items that wait or are being sent. */
  get items(): number {
    return this.#items;
  }

  /** How long the oldest item waits, in milliseconds; 0 where none does. */
  get oldestMs(): number {
    const [first] = this.#parcels;
    return first === undefined ? 0 : performance.now() - first.since;
  }

  add(item: Item, bytes: number): void {
    const { maxItems, maxBytes } = this.#options;
    let last = this.#parcels.at(-1);
    const isClosed = last === undefined || (this.#parcels.length === 1 && this.#isSending);
    if (last === undefined || isClosed || last.items.length >= maxItems || last.bytes + bytes > maxBytes) {
      if (!isClosed) this.#hurry();
      last = { items: [], bytes: 0, since: performance.now() };
      this.#parcels.push(last);
      this.#begun++;
      if (this.#parcels.length === 1) void this.#run();
    }
    last.items.push(item);
    last.bytes += bytes;
    this.#items++;
    this.#budget.take(bytes);
  }

  /** Resolves when all that was added before is at its place. Rejects where the outbox was closed and it is not. */
  async flush(): Promise<void> {
    if (this.#done < this.#begun) {
      const until = this.#begun;
      await new Promise<void>((settle) => {
        this.#flushes.push({ until, settle });
        this.#hurry();
      });
    }
    if (this.#lost !== null) throw this.#lost;
  }

  /** Sends what waits, each parcel once more at most. Rejects where one does not get through. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.flush();
  }

  async #run(): Promise<void> {
    for (let parcel = this.#parcels[0]; parcel !== undefined; parcel = this.#parcels[0]) {
      if (this.#isHasteless()) await this.#collect();
      this.#isSending = true;
      await this.#sendUntilThere(parcel);
      this.#isSending = false;
      this.#parcels.shift();
      this.#done++;
      this.#items -= parcel.items.length;
      this.#budget.giveBack(parcel.bytes);
      this.#flushes = this.#flushes.filter(({ until, settle }) => {
        if (until <= this.#done) settle();
        return until > this.#done;
      });
    }
  }

  #isHasteless(): boolean {
    return this.#parcels.length === 1 && this.#flushes.length === 0 && !this.#closing.signal.aborted;
  }

  /** Resolves when the parcel has collected items for its time, is full, or somebody waits for it. */
  async #collect(): Promise<void> {
    const { lingerMs = 0 } = this.#options;
    const timer = new AbortController();
    this.#hurry = () => timer.abort();
    const signal = AbortSignal.any([timer.signal, this.#closing.signal]);
    await sleep(lingerMs, undefined, { signal }).catch(() => undefined);
    this.#hurry = () => undefined;
  }

  async #sendUntilThere({ items }: Parcel<Item>): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LONGEST_RETRY_MS, 2 * wait)) {
      const isLast = signal.aborted;
      try {
        await this.#options.send(items);
        return;
      } catch (error) {
        this.#options.onFailure?.(error);
        if (isLast) {
          this.#lost ??= error;
          return;
        }
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
