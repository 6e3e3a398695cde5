import type { AlertMessage } from '../contract/messages.js';
import { within } from '../deadline.js';
import { Outbox } from '../outbox.js';
import { type LogEntry, newEpoch, type StoredAlertLog } from '../store/alert-log.js';
import type { AlertOrder, LoggedAlert } from './alert-order.js';

/** Entries kept in memory; older ones are read from the store. */
const CAPACITY = 10_000;
/** A client that missed more than this is told so, and reads the alerts by HTTP. */
const MAX_MISSED = 20_000;
/** How long a commit of the input waits for records to be saved. */
const SAVE_TIMEOUT_MS = 2000;
/** Records of one save, and what one takes in memory, about. */
const MAX_SAVED = 1000;
const RECORD_BYTES = 2048;
/**
 * Each run of a process numbers from the next multiple of this. So a cursor that a crash kept from being saved is not
 * taken for one of the next run.
 */
const TERM = 2 ** 20;

/**
 * The order of all alert records, in which clients resume. Each record is in it once, also where the engine delivers
 * it again after a restart. A record is pushed at once and saved behind that; after a crash before it was saved, the cursor of
 * who has seen it is not known, and they are told that they may have missed something.
 */
export class AlertLog implements AlertOrder {
  #stored: StoredAlertLog | null = null;
  /** Records on their way to the store. */
  #saving: Outbox<LogEntry> | null = null;
  #epoch: string;
  #base: number;
  readonly #entries: LogEntry[];
  /** Highest sequence logged, by alert id. */
  readonly #sequences = new Map<string, number>();
  /** Newest position that clients know of. */
  #published: number;

  private constructor(epoch: string, runsBefore: number, entries: LogEntry[]) {
    this.#epoch = epoch;
    this.#entries = entries;
    const newest = entries.at(-1)?.position ?? 0;
    this.#base = TERM * (1 + Math.max(runsBefore, Math.floor(newest / TERM)));
    this.#published = this.#base;
    for (const { alert } of entries) this.#sequences.set(alert.alertId, alert.sequence);
  }

  /** A log that ends with the process. */
  static inMemory(): AlertLog {
    return new AlertLog(newEpoch(), 0, []);
  }

  /** Goes on where an earlier run of the process ended. */
  static async open(stored: StoredAlertLog): Promise<AlertLog> {
    const log = new AlertLog(stored.epoch, stored.runsBefore, await stored.newest(CAPACITY));
    log.keepIn(stored);
    return log;
  }

  /** Names this order; see `keepIn`. */
  get epoch(): string {
    return this.#epoch;
  }

  /** From now on records are saved there, what this run has logged so far among them. */
  keepIn(stored: StoredAlertLog): void {
    this.#stored = stored;
    this.#saving = new Outbox({
      send: (entries) => stored.save(entries),
      maxItems: MAX_SAVED,
      maxBytes: MAX_SAVED * RECORD_BYTES,
    });
    this.#save(this.#entries.filter(({ position }) => position > this.#base));
  }

  /** Cursor of the newest record published. */
  get cursor(): string {
    return this.#cursorOf(this.#published);
  }

  /** Adds those records that are not in the log yet and gives them, to be published. */
  append(alerts: readonly AlertMessage[]): LogEntry[] {
    const added: LogEntry[] = [];
    let last = Math.max(this.#base, this.#entries.at(-1)?.position ?? 0);
    for (const alert of alerts) {
      const { alertId, sequence } = alert;
      if (sequence <= (this.#sequences.get(alertId) ?? -1)) continue;
      this.#sequences.set(alertId, sequence);
      const entry = { position: ++last, alert };
      this.#entries.push(entry);
      added.push(entry);
    }
    while (this.#entries.length > CAPACITY) {
      const { alertId, sequence } = this.#entries.shift()!.alert;
      if (this.#sequences.get(alertId) === sequence) this.#sequences.delete(alertId);
    }
    this.#save(added);
    return added;
  }

  /** False for a record of which a later one of the same alert is in the log. */
  isNewest({ alertId, sequence }: AlertMessage): boolean {
    return sequence >= (this.#sequences.get(alertId) ?? sequence);
  }

  /** Makes an appended record known to those who resume; to be pushed at once. */
  publish(entry: LogEntry): LoggedAlert {
    this.#published = entry.position;
    return this.#logged(entry);
  }

  /** The records after a cursor, oldest first; null where the cursor is not known, or too long ago. */
  async after(cursor: string): Promise<LoggedAlert[] | null> {
    const recent = this.recentAfter(cursor);
    if (recent !== undefined) return recent;
    const position = this.#positionOf(cursor);
    if (position === null || this.#stored === null) return null;
    const found = await this.#stored.from(position, MAX_MISSED + 1).catch(() => []);
    const isKnown = position % TERM === 0 || found[0]?.position === position;
    if (!isKnown || found.length > MAX_MISSED || !isWhole(found)) return null;
    return found
      .filter((entry) => entry.position > position && entry.position <= this.#published)
      .map((entry) => this.#logged(entry));
  }

  /** The same from memory, at once; undefined where the store must be asked. */
  recentAfter(cursor: string): LoggedAlert[] | null | undefined {
    const position = this.#positionOf(cursor);
    if (position === null || position > this.#published) return null;
    const isKnown =
      position === this.#published ||
      position === this.#base ||
      this.#entries.some((entry) => entry.position === position);
    return isKnown ? this.publishedAfter(cursor) : undefined;
  }

  /** What memory has after a cursor that is known to be of this log: what came while older records were looked up. */
  publishedAfter(cursor: string): LoggedAlert[] {
    const position = this.#positionOf(cursor) ?? this.#published;
    return this.#entries
      .filter((entry) => entry.position > position && entry.position <= this.#published)
      .map((entry) => this.#logged(entry));
  }

  /** Forgets everything: cursors of before are unknown from now on. For replays, which are not saved. */
  reset(): void {
    this.#epoch = newEpoch();
    this.#entries.length = 0;
    this.#sequences.clear();
    this.#base = TERM;
    this.#published = TERM;
  }

  /** Resolves when all records are saved, or after a while without. */
  async flush(): Promise<void> {
    if (this.#saving === null || this.#saving.items === 0) return;
    await within(SAVE_TIMEOUT_MS, this.#saving.flush(), () => undefined).catch(() => undefined);
  }

  /** Saves what it can; cursors of the rest will not be known. */
  async close(): Promise<void> {
    await this.#saving?.close().catch(() => undefined);
  }

  /** Where more wait than memory has, the store has been away for long: what is not saved is a gap that `after` sees. */
  #save(added: readonly LogEntry[]): void {
    const saving = this.#saving;
    if (saving === null || this.#stored?.epoch !== this.#epoch) return;
    for (const entry of added) if (saving.items < CAPACITY) saving.add(entry, RECORD_BYTES);
  }

  #logged({ position, alert }: LogEntry): LoggedAlert {
    return { cursor: this.#cursorOf(position), alert };
  }

  #cursorOf(position: number): string {
    return `${this.#epoch}.${position}`;
  }

  /** Null where the cursor is of another log, or none at all. */
  #positionOf(cursor: string): number | null {
    const match = /^([0-9a-f]{12})\.(\d{1,15})$/.exec(cursor);
    return match === null || match[1] !== this.#epoch ? null : Number(match[2]);
  }
}

/** Whether no record is missing between the first and the last: only a new run leaves numbers out. */
function isWhole(entries: readonly LogEntry[]): boolean {
  return entries.every(
    ({ position }, index) =>
      index === 0 || position === entries[index - 1].position + 1 || position % TERM === 1,
  );
}
