import type { AlertMessage } from '../events/messages.js';
import { type LogEntry, newEpoch, type StoredAlertLog } from '../store/alert-log.js';

/** An alert record with the cursor of whoever has seen it. */
export interface LoggedAlert {
  readonly cursor: string;
  readonly alert: AlertMessage;
}

/** Entries kept in memory; older ones are read from the store. */
const CAPACITY = 10_000;
/** A client that missed more than this is told so, and reads the alerts by HTTP. */
const MAX_MISSED = 20_000;
/** How long alerts wait for the log to be saved before they are pushed all the same. */
const SAVE_TIMEOUT_MS = 2000;
/**
 * Each run of a process numbers from the next multiple of this. So a cursor that a crash kept from being saved is not
 * taken for one of the next run.
 */
const TERM = 2 ** 20;

/**
 * The order of all alert records, in which clients resume. Each record is in it once, also where the engine delivers
 * it again after a restart. Records are saved before they are pushed; where the store is away they are pushed
 * nevertheless and saved later, and only a crash before that makes cursors unknown.
 */
export class AlertLog {
  readonly #stored: StoredAlertLog | null;
  #epoch: string;
  #base: number;
  readonly #entries: LogEntry[];
  /** Highest sequence logged, by alert id. */
  readonly #sequences = new Map<string, number>();
  #unsaved: LogEntry[] = [];
  /** Newest position that clients know of. */
  #published: number;

  private constructor(stored: StoredAlertLog | null, entries: LogEntry[]) {
    this.#stored = stored;
    this.#epoch = stored?.epoch ?? newEpoch();
    this.#entries = entries;
    this.#base = TERM * (1 + Math.floor((entries.at(-1)?.position ?? 0) / TERM));
    this.#published = this.#base;
    for (const { alert } of entries) this.#sequences.set(alert.alertId, alert.sequence);
  }

  /** A log that ends with the process. */
  static inMemory(): AlertLog {
    return new AlertLog(null, []);
  }

  /** Goes on where an earlier run of the process ended. */
  static async open(stored: StoredAlertLog): Promise<AlertLog> {
    return new AlertLog(stored, await stored.newest(CAPACITY));
  }

  /** Cursor of the newest record published. */
  get cursor(): string {
    return this.#cursorOf(this.#published);
  }

  /** Adds those records that are not in the log yet and resolves with them when they may be published. */
  async append(alerts: readonly AlertMessage[]): Promise<LogEntry[]> {
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
    if (added.length > 0) await this.#save(added);
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
    if (!isKnown || found.length > MAX_MISSED) return null;
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

  async #save(added: readonly LogEntry[]): Promise<void> {
    const stored = this.#stored;
    if (stored === null || stored.epoch !== this.#epoch) return;
    this.#unsaved.push(...added);
    const batch = this.#unsaved;
    const saved = stored.save(batch).then(
      () => {
        this.#unsaved = this.#unsaved.filter((entry) => !batch.includes(entry));
      },
      () => undefined,
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SAVE_TIMEOUT_MS);
    });
    await Promise.race([saved, late]);
    clearTimeout(timer);
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
