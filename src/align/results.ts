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
  /** `WITHDRAWN` where the newest message takes it back. */
  readonly value: number;
}

/** The value of a result that is taken back. */
export const WITHDRAWN = Number.NaN;

/** Whether a result has a value. */
export function stands({ value }: Pick<Result, 'value'>): boolean {
  return !Number.isNaN(value);
}

/** Numbers of 64 bits in an entry, and of 32 bits. */
const WIDE = 4;
const NARROW = 2 * WIDE;
/** Places in an entry of 64 bits: of the newest message, its event time and value. */
const [TIME, VALUE] = [0, 1];
/** Places of 32 bits: ms from the first message, and from the observation, to `TIME`; hash of the specimen; of the message, above the variable. */
const [SINCE_FIRST, SINCE_OBSERVED, SPECIMEN, MESSAGE] = [4, 5, 6, 7];
/** Bits of the variable: there are fewer than 64. */
const VARIABLE_BITS = 6;
const VARIABLE_MASK = 2 ** VARIABLE_BITS - 1;
const LEAST_ROOM = 16;
/** Results kept of a patient at most: one every 40 seconds for two days. Of more, the oldest can be corrected no longer. */
const MAX_RESULTS = 4096;

/**
 * The laboratory results of a patient's steps in the ring, so that a corrected one is known. Two messages speak of one result
 * where they name the variable and the same specimen; where either names none, the same time of observation. The newer message
 * counts, whichever came first. 32 bytes a result.
 */
export class ResultLog {
  #wide: Float64Array = new Float64Array(0);
  /** The same bytes. */
  #narrow = new Uint32Array(this.#wide.buffer);
  #length = 0;

  /** Number of results. */
  get length(): number {
    return this.#length;
  }

  /** The place of the result that another message has told before; -1 where there is none. Those first told before `since` are forgotten. */
  find(
    { variable, specimen, observedAt, eventTime, message }: Omit<Result, 'value'>,
    since: EpochMs,
  ): number {
    const narrow = this.#narrow;
    const tag = tagOf(message, variable);
    for (let index = 0, at = 0; index < this.#length; index++, at += NARROW) {
      if ((narrow[at + MESSAGE] & VARIABLE_MASK) !== variable || this.firstToldAt(index) < since) continue;
      const time = this.#wide[index * WIDE + TIME];
      const other = narrow[at + SPECIMEN];
      const isSame =
        specimen !== 0 && other !== 0
          ? specimen === other
          : observedAt === time - narrow[at + SINCE_OBSERVED];
      if (isSame && !(time === eventTime && narrow[at + MESSAGE] === tag)) return index;
    }
    return -1;
  }

  /** Adds a result that is new. Those first told before `since` may be forgotten. */
  add(result: Result, since: EpochMs): void {
    if (this.#length * WIDE === this.#wide.length) this.#makeRoom(since);
    this.#write(this.#length++, result, result.eventTime);
  }

  /** Takes in another message about the result at a place. */
  merge(index: number, result: Result): void {
    const before = this.at(index);
    const first = Math.min(this.firstToldAt(index), result.eventTime);
    const isNewer =
      result.eventTime > before.eventTime ||
      (result.eventTime === before.eventTime &&
        result.message >>> VARIABLE_BITS > before.message >>> VARIABLE_BITS);
    const kept = isNewer ? result : before;
    const specimen = result.specimen !== 0 ? result.specimen : before.specimen;
    this.#write(index, { ...kept, specimen }, first);
  }

  /** The result at a place, as the newest message tells it. */
  at(index: number): Result {
    const [wide, narrow] = [index * WIDE, index * NARROW];
    const eventTime = this.#wide[wide + TIME];
    return {
      variable: this.#narrow[narrow + MESSAGE] & VARIABLE_MASK,
      specimen: this.#narrow[narrow + SPECIMEN],
      observedAt: eventTime - this.#narrow[narrow + SINCE_OBSERVED],
      eventTime,
      message: this.#narrow[narrow + MESSAGE],
      value: this.#wide[wide + VALUE],
    };
  }

  /** Event time of the first message with the result: its place in the timeline, whatever it is corrected to later. */
  firstToldAt(index: number): EpochMs {
    return this.#wide[index * WIDE + TIME] - this.#narrow[index * NARROW + SINCE_FIRST];
  }

  /** Places of a variable's results first told from `from` to before `to`, in the order they came in. */
  *within(variable: number, from: EpochMs, to: EpochMs): Generator<number> {
    for (let index = 0; index < this.#length; index++) {
      if ((this.#narrow[index * NARROW + MESSAGE] & VARIABLE_MASK) !== variable) continue;
      const first = this.firstToldAt(index);
      if (first >= from && first < to) yield index;
    }
  }

  /** All entries, for `restore`. */
  toArray(): Float64Array {
    return this.#wide.slice(0, this.#length * WIDE);
  }

  /** Continues from what `toArray` gave. */
  restore(entries: Float64Array): void {
    this.#hold(entries, Math.floor(entries.length / WIDE));
  }

  #write(index: number, result: Result, first: EpochMs): void {
    const [wide, narrow] = [index * WIDE, index * NARROW];
    const { variable, specimen, observedAt, eventTime, message, value } = result;
    this.#wide[wide + TIME] = eventTime;
    this.#wide[wide + VALUE] = value;
    this.#narrow[narrow + SINCE_FIRST] = eventTime - first;
    this.#narrow[narrow + SINCE_OBSERVED] = eventTime - observedAt;
    this.#narrow[narrow + SPECIMEN] = specimen;
    this.#narrow[narrow + MESSAGE] = tagOf(message, variable);
  }

  /** Forgets what is before `since`, or else the oldest of too many; then there is room for a quarter more. */
  #makeRoom(since: EpochMs): void {
    const spare = this.#length < MAX_RESULTS ? 0 : MAX_RESULTS / 4;
    const kept: number[] = [];
    for (let index = spare; index < this.#length; index++) {
      if (this.firstToldAt(index) >= since) kept.push(index);
    }
    const capacity = Math.min(MAX_RESULTS, kept.length + Math.max(LEAST_ROOM, kept.length >> 2));
    const wide = new Float64Array(capacity * WIDE);
    kept.forEach((index, place) => {
      wide.set(this.#wide.subarray(index * WIDE, (index + 1) * WIDE), place * WIDE);
    });
    this.#hold(wide, kept.length);
  }

  #hold(wide: Float64Array, length: number): void {
    this.#wide = wide;
    this.#narrow = new Uint32Array(wide.buffer, wide.byteOffset, 2 * wide.length);
    this.#length = length;
  }
}

/** The hash of a message, its lowest bits given over to a variable: of one message they stay apart. */
function tagOf(message: number, variable: number): number {
  return ((message & ~VARIABLE_MASK) | variable) >>> 0;
}

/** 32 bits of a text's hash, never 0, which stands for no text. */
export function hash32(id: string | null): number {
  return id === null || id === '' ? 0 : hashOfId(id) >>> 0 || 1;
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
