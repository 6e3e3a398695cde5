import type { Committed, Position } from '../bus/bus.js';
import type { AlertMessage } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import type { RawRecord } from '../events/record.js';
import { Window } from './window.js';

/** Alerts of a partition whose newest record is remembered; the oldest go first. */
const REMEMBERED = 5000;
/** Records that may be under way; their offsets fit in a note of 3 000 characters. */
const MAX_OPEN = 300;
let assignments = 0;

/** A partition of `ward.alerts`, from its assignment to this hook until another process has it. */
export class Share {
  readonly partition: number;
  /** Of this assignment; no other one has it. */
  readonly id = ++assignments;
  readonly window: Window;
  /** Another process has it by now. */
  isGone = false;
  isPaused = false;
  /** By alert id the highest sequence that stands in the log so far. */
  readonly #newest: Map<string, number>;
  #waiting: readonly RawRecord[] = [];
  #at = 0;
  #readTo = -1;
  #kept = '';

  /** `known`: by alert id what is done with from elsewhere. */
  constructor(partition: number, committed: Committed | undefined, known: ReadonlyMap<string, number>) {
    this.partition = partition;
    this.window = new Window(committed);
    this.#newest = new Map(known);
  }

  /** What was read, up to before an offset. */
  add(records: readonly RawRecord[], readTo: number): void {
    this.#waiting = [...this.#waiting.slice(this.#at), ...records];
    this.#at = 0;
    this.#readTo = readTo;
  }

  /** The next record; undefined where so many are under way that it has to wait, or there is none. */
  next(): RawRecord | undefined {
    if (this.window.open >= MAX_OPEN) return undefined;
    const record = this.#waiting[this.#at];
    if (record !== undefined) {
      this.#at++;
      return record;
    }
    this.#waiting = [];
    this.#at = 0;
    this.window.readTo(this.#readTo);
    return undefined;
  }

  get isWaiting(): boolean {
    return this.#at < this.#waiting.length;
  }

  /** Whether the log has had this record, or a later one of the alert, before. */
  isRepeated({ alertId, sequence }: AlertMessage): boolean {
    const newest = this.#newest.get(alertId) ?? -1;
    if (sequence <= newest) return true;
    this.#newest.delete(alertId);
    this.#newest.set(alertId, sequence);
    if (this.#newest.size > REMEMBERED) this.#newest.delete(this.#newest.keys().next().value as string);
    return false;
  }

  /** Where it is to be committed to; null where that is done. */
  get uncommitted(): Position | null {
    const { committed } = this.window;
    if (committed === null || textOf(committed) === this.#kept) return null;
    return { topic: TOPICS.alerts, partition: this.partition, ...committed };
  }

  commit(position: Position): void {
    this.#kept = textOf(position);
  }

  /** It is not known any more whether it is committed. */
  doubt(): void {
    this.#kept = '';
  }
}

function textOf({ offset, note }: Committed): string {
  return `${offset} ${note}`;
}
