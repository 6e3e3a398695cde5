import type { EpochMs } from '../events/event.js';

/** One value of a laboratory message, as far as it tells results apart. */
export interface Result {
  readonly variable: number;
  /** Of the specimen's id; 0 where none was given. */
  readonly specimen: number;
  readonly observedAt: EpochMs;
  readonly eventTime: EpochMs;
  /** Of the message's id: tells messages of one moment apart, and puts them in an order. */
  readonly message: number;
  readonly value: number;
}

/** Fields of an entry, in the order of `Result`, and the event time of the first message that had the result. */
const [VARIABLE, SPECIMEN, OBSERVED, TIME, MESSAGE, VALUE, FIRST, STRIDE] = [0, 1, 2, 3, 4, 5, 6, 7];
const FIRST_CAPACITY = 16;
/** Results kept of a patient at most: one every 40 seconds for two days. Of more, the oldest can be corrected no longer. */
const MAX_RESULTS = 4096;

/**
 * The laboratory results of a patient's steps in the ring, so that a corrected one is known. Two messages speak of one result
 * where they name the variable and the same specimen; where either names none, the same time of observation. The newer message
 * counts, whichever came first. 56 bytes a result.
 */
export class ResultLog {
  #entries: Float64Array = new Float64Array(0);
  #length = 0;

  /** Number of results. */
  get length(): number {
    return this.#length;
  }

  /** The place of the result that another message has told before; -1 where there is none. Those first told before `since` are forgotten. */
  find({ variable, specimen, observedAt, eventTime, message }: Result, since: EpochMs): number {
    const entries = this.#entries;
    for (let index = 0, at = 0; index < this.#length; index++, at += STRIDE) {
      if (entries[at + VARIABLE] !== variable || entries[at + FIRST] < since) continue;
      const other = entries[at + SPECIMEN];
      const isSame =
        specimen !== 0 && other !== 0 ? specimen === other : observedAt === entries[at + OBSERVED];
      if (isSame && !(entries[at + TIME] === eventTime && entries[at + MESSAGE] === message)) return index;
    }
    return -1;
  }

  /** Adds a result that is new. Those first told before `since` may be forgotten. */
  add(result: Result, since: EpochMs): void {
    if (this.#length * STRIDE === this.#entries.length) this.#makeRoom(since);
    this.#write(this.#length++, result, result.eventTime);
  }

  /** Takes in another message about the result at a place. */
  merge(index: number, result: Result): void {
    const before = this.at(index);
    const first = Math.min(this.firstToldAt(index), result.eventTime);
    const isNewer =
      result.eventTime > before.eventTime ||
      (result.eventTime === before.eventTime && result.message > before.message);
    const kept = isNewer ? result : before;
    const specimen = result.specimen !== 0 ? result.specimen : before.specimen;
    this.#write(index, { ...kept, specimen }, first);
  }

  /** The result at a place, as the newest message tells it. */
  at(index: number): Result {
    const at = index * STRIDE;
    const entries = this.#entries;
    return {
      variable: entries[at + VARIABLE],
      specimen: entries[at + SPECIMEN],
      observedAt: entries[at + OBSERVED],
      eventTime: entries[at + TIME],
      message: entries[at + MESSAGE],
      value: entries[at + VALUE],
    };
  }

  /** Event time of the first message with the result: its place in the timeline, whatever it is corrected to later. */
  firstToldAt(index: number): EpochMs {
    return this.#entries[index * STRIDE + FIRST];
  }

  /** Places of a variable's results first told from `from` to before `to`, in the order they came in. */
  *within(variable: number, from: EpochMs, to: EpochMs): Generator<number> {
    for (let index = 0; index < this.#length; index++) {
      const first = this.firstToldAt(index);
      if (this.#entries[index * STRIDE + VARIABLE] === variable && first >= from && first < to) yield index;
    }
  }

  /** All entries, for `restore`. */
  toArray(): Float64Array {
    return this.#entries.slice(0, this.#length * STRIDE);
  }

  /** Continues from what `toArray` gave. */
  restore(entries: Float64Array): void {
    this.#entries = entries;
    this.#length = Math.floor(entries.length / STRIDE);
  }

  #write(index: number, result: Result, first: EpochMs): void {
    const at = index * STRIDE;
    const entries = this.#entries;
    entries[at + VARIABLE] = result.variable;
    entries[at + SPECIMEN] = result.specimen;
    entries[at + OBSERVED] = result.observedAt;
    entries[at + TIME] = result.eventTime;
    entries[at + MESSAGE] = result.message;
    entries[at + VALUE] = result.value;
    entries[at + FIRST] = first;
  }

  /** Forgets what is before `since`, or else the oldest of too many; else grows. */
  #makeRoom(since: EpochMs): void {
    const before = this.#entries;
    const spare = this.#length < MAX_RESULTS ? 0 : MAX_RESULTS / 4;
    const kept: number[] = [];
    for (let index = spare; index < this.#length; index++) {
      if (before[index * STRIDE + FIRST] >= since) kept.push(index);
    }
    const capacity = Math.max(
      FIRST_CAPACITY,
      kept.length * 2 > this.#length ? this.#length * 2 : this.#length,
    );
    const entries = new Float64Array(Math.min(capacity, MAX_RESULTS) * STRIDE);
    kept.forEach((index, place) => {
      entries.set(before.subarray(index * STRIDE, (index + 1) * STRIDE), place * STRIDE);
    });
    this.#entries = entries;
    this.#length = kept.length;
  }
}

/** 53 bits of a text's hash, never 0, which stands for no text. */
export function hashOfId(id: string | null): number {
  if (id === null || id === '') return 0;
  let low = 0x811c9dc5 | 0;
  let high = 0x9747b28c | 0;
  for (let index = 0; index < id.length; index++) {
    const unit = id.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995);
    high ^= high >>> 15;
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0) || 1;
}
