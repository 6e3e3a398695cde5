import { HOUR_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';
import type { Status } from '../notes/statuses.js';

/** Where a note states something. */
interface Statement {
  readonly at: EpochMs;
  readonly noteId: string;
  /** The sentence, shortened. */
  readonly sentence: string;
}

/** A value of the timeline that a note stated. */
export interface StatedValue extends Statement {
  readonly variable: number;
}

/** What a note stated that is no value; `at` is the note's time. */
export interface StatedStatus extends Statement {
  readonly status: Status;
  /** Such as a drug and its dose; empty: nothing. */
  readonly detail: string;
  /** The note came after later events of the patient. */
  readonly isLate: boolean;
}

/** A value that a note stated and a measurement stands against; `at` is of the note's value. */
export interface Contradiction extends StatedValue {
  readonly value: number;
  readonly measured: number;
}

/** What is kept of a patient's notes, as JSON. */
export interface StoredNotes {
  readonly values: readonly StatedValue[];
  readonly statuses: readonly StatedStatus[];
  readonly contradictions: readonly Contradiction[];
}

/** Older than the ring of steps, nothing is known of any value. */
const VALUES_MS = 48 * HOUR_MS;
/** A status is context, and a contradiction is shown, for so long. Ours: a day is what a ward round looks back on. */
const CONTEXT_MS = 24 * HOUR_MS;
/** Of each at most. */
const MOST = 256;
/** Characters of a sentence kept. */
const MOST_CHARS = 300;
/** Ages of values are told in 32 bits: a time made of one is off by less, in ms. */
const ROUNDING_MS = 16;

/** What the notes of one stay stated, with where: what the page and alerts tell. */
export class NoteMemory {
  #values: StatedValue[] = [];
  #statuses: StatedStatus[] = [];
  #contradictions: Contradiction[] = [];

  addValue(value: StatedValue): void {
    this.#values = kept(this.#values, shortened(value), VALUES_MS);
  }

  addStatus(status: StatedStatus): void {
    // For the whole stay: an alert may be decided long after what came later is applied.
    this.#statuses = kept(this.#statuses, shortened(status), Number.POSITIVE_INFINITY);
  }

  addContradiction(contradiction: Contradiction): void {
    this.#contradictions = kept(this.#contradictions, shortened(contradiction), CONTEXT_MS);
  }

  /** What stated the value of a variable that was observed at a time; undefined: it was measured. */
  stated(variable: number, at: EpochMs): StatedValue | undefined {
    if (this.#values.length === 0) return undefined;
    return this.#values.findLast(
      (each) => each.variable === variable && Math.abs(each.at - at) <= ROUNDING_MS,
    );
  }

  /** What stands beside an alert record of a time: not what came late, since whether it came before the record depends on how it travelled. */
  contextAt(time: EpochMs): StatedStatus[] {
    return this.statusesAt(time, false);
  }

  /** The newest of each status as of a time, oldest first: nothing that was stated later. */
  statusesAt(time: EpochMs, withLate = true): StatedStatus[] {
    if (this.#statuses.length === 0) return [];
    const newest = new Map<Status, StatedStatus>();
    for (const status of this.#statuses) {
      if (status.isLate && !withLate) continue;
      if (status.at > time || time - status.at > CONTEXT_MS) continue;
      newest.delete(status.status);
      newest.set(status.status, status);
    }
    return [...newest.values()];
  }

  /** As of a time, oldest first. */
  contradictionsAt(time: EpochMs): Contradiction[] {
    return this.#contradictions.filter(({ at }) => at <= time && time - at <= CONTEXT_MS);
  }

  /** All that is kept, for `restore`; null where there is nothing. */
  toStored(): StoredNotes | null {
    const [values, statuses, contradictions] = [this.#values, this.#statuses, this.#contradictions];
    if (values.length + statuses.length + contradictions.length === 0) return null;
    return { values, statuses, contradictions };
  }

  restore(stored: StoredNotes | null | undefined): void {
    this.#values = [...(stored?.values ?? [])];
    this.#statuses = [...(stored?.statuses ?? [])];
    this.#contradictions = [...(stored?.contradictions ?? [])];
  }
}

/** By time, without what is older than the newest by more than `forMs`. */
function kept<Item extends Statement>(items: readonly Item[], item: Item, forMs: number): Item[] {
  const after = items.findLastIndex(({ at }) => at <= item.at) + 1;
  const all = items.toSpliced(after, 0, item);
  const since = all.at(-1)!.at - forMs;
  return all.filter(({ at }) => at >= since).slice(-MOST);
}

function shortened<Item extends Statement>(item: Item): Item {
  const { sentence } = item;
  return sentence.length <= MOST_CHARS ? item : { ...item, sentence: `${sentence.slice(0, MOST_CHARS)}…` };
}
