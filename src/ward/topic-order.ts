import type { TailStart, TailStretch } from '../bus/bus.js';
import type { AlertMessage } from '../contract/messages.js';
import type { AlertOrder, LoggedAlert } from './alert-order.js';
import { cursorOf, nameOfTopic, positionsOf } from './cursor.js';

/** Records kept in memory; older ones are read from the log. */
const CAPACITY = 10_000;
/** A client that missed more than this is told so, and reads the alerts by HTTP. */
const MAX_MISSED = 20_000;
/** An engine that restarts writes its newest records again; so many before a cursor are looked through for what comes twice. */
const LOOK_BACK = 500;

/** A record of `ward.alerts` where it stands. */
export interface PlacedAlert {
  readonly partition: number;
  readonly offset: number;
  readonly alert: AlertMessage;
}

/** Reads a stretch of `ward.alerts`, decoded. */
export type ReadAlerts = (
  partition: number,
  from: number,
  to: number,
) => Promise<Pick<TailStretch, 'from'> & { readonly alerts: readonly PlacedAlert[] }>;

/**
 * The order of alert records as the topic `ward.alerts` has it: each partition's own, and between partitions whichever is read first. A
 * cursor is the next offset of each partition, so it means the same to every reader of the topic. A record that an engine has
 * written again counts once.
 */
export class TopicOrder implements AlertOrder {
  readonly #read: ReadAlerts;
  #name = '';
  /** By partition, the next offset that clients know of. */
  #next: number[] = [];
  /** By partition, from where on memory has all records. */
  #kept: number[] = [];
  #entries: PlacedAlert[] = [];
  /** Highest sequence read, by alert id. */
  readonly #sequences = new Map<string, number>();

  constructor(read: ReadAlerts) {
    this.#read = read;
  }

  /** The topic is read from here on; what was known is void. */
  begin(topicId: string, partitions: readonly TailStart[]): void {
    this.#name = nameOfTopic(topicId);
    this.#next = partitions.map(({ from }) => from);
    this.#kept = [...this.#next];
    this.#entries = [];
    this.#sequences.clear();
  }

  get cursor(): string {
    return cursorOf(this.#name, this.#next);
  }

  /** Takes the next record in; gives it with its cursor, or null where it is known. */
  append(placed: PlacedAlert): LoggedAlert | null {
    const { partition, offset, alert } = placed;
    this.reach(partition, offset + 1);
    if (alert.sequence <= (this.#sequences.get(alert.alertId) ?? -1)) return null;
    this.#sequences.set(alert.alertId, alert.sequence);
    this.#entries.push(placed);
    if (this.#entries.length > CAPACITY) this.#forget(this.#entries.shift()!);
    return { cursor: this.cursor, alert };
  }

  /** A partition is read up to here. */
  reach(partition: number, next: number): void {
    this.#next[partition] = Math.max(next, this.#next[partition] ?? 0);
  }

  /** A record that clients have had past the log. */
  note({ alertId, sequence }: AlertMessage): void {
    this.#sequences.set(alertId, Math.max(sequence, this.#sequences.get(alertId) ?? -1));
  }

  /** False for a record of which a later one of the same alert has been read. */
  isNewest({ alertId, sequence }: AlertMessage): boolean {
    return sequence >= (this.#sequences.get(alertId) ?? sequence);
  }

  async after(cursor: string): Promise<LoggedAlert[] | null> {
    const recent = this.recentAfter(cursor);
    if (recent !== undefined) return recent;
    const from = this.#positionsOf(cursor);
    if (from === null) return null;
    const until = [...this.#next];
    try {
      const missed = await Promise.all(
        from.map((at, partition) => this.#stretch(partition, at, until[partition])),
      );
      if (missed.some((each) => each === null)) return null;
      const all = missed.flatMap((each) => each ?? []).sort((a, b) => a.alert.eventTime - b.alert.eventTime);
      return this.#told(from, inOrder(all));
    } catch {
      // What cannot be read now may have been missed: who asks is told so, and shown what is open.
      return null;
    }
  }

  recentAfter(cursor: string): LoggedAlert[] | null | undefined {
    const from = this.#positionsOf(cursor);
    if (from === null) return null;
    const missed = from.reduce((sum, at, partition) => sum + Math.max(0, this.#next[partition] - at), 0);
    if (missed > MAX_MISSED || from.some((at, partition) => at > this.#next[partition])) return null;
    return from.some((at, partition) => at < this.#kept[partition]) ? undefined : this.publishedAfter(cursor);
  }

  publishedAfter(cursor: string): LoggedAlert[] {
    const from = this.#positionsOf(cursor) ?? this.#next;
    return this.#told(
      from,
      this.#entries.filter(({ partition, offset }) => offset >= from[partition]),
    );
  }

  /** Records of a partition after an offset; null where some are gone. */
  async #stretch(partition: number, from: number, to: number): Promise<PlacedAlert[] | null> {
    if (from >= to) return [];
    const found = await this.#read(partition, Math.max(0, from - LOOK_BACK), to);
    if (found.from > from) return null;
    const newest = new Map<string, number>();
    return found.alerts.filter(({ offset, alert: { alertId, sequence } }) => {
      const isNew = sequence > (newest.get(alertId) ?? -1);
      if (isNew) newest.set(alertId, sequence);
      return isNew && offset >= from;
    });
  }

  /** The records with the cursors of who was at `from` and gets one after the other. */
  #told(from: readonly number[], records: readonly PlacedAlert[]): LoggedAlert[] {
    const at = [...from];
    return records.map(({ partition, offset, alert }) => {
      at[partition] = offset + 1;
      return { cursor: cursorOf(this.#name, at), alert };
    });
  }

  #positionsOf(cursor: string): number[] | null {
    return positionsOf(cursor, this.#name, this.#next.length);
  }

  #forget({ partition, offset, alert: { alertId, sequence } }: PlacedAlert): void {
    this.#kept[partition] = offset + 1;
    if (this.#sequences.get(alertId) === sequence) this.#sequences.delete(alertId);
  }
}

/** Sorted by time, but each partition's in its own order, whatever their times. */
function inOrder(records: readonly PlacedAlert[]): PlacedAlert[] {
  const own = new Map<number, PlacedAlert[]>();
  for (const each of records) {
    const of = own.get(each.partition);
    if (of === undefined) own.set(each.partition, [each]);
    else of.push(each);
  }
  for (const of of own.values()) of.sort((a, b) => a.offset - b.offset).reverse();
  return records.map(({ partition }) => own.get(partition)!.pop()!);
}
