import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WardstreamError } from '../errors.js';
import { CHARTED, listsOf, type ObservedStay, SIGNALS, type StayLists, unpacked } from './stays.js';

/** Lists of a stay: times, signals, and times and values charted. */
const LISTS = 1 + SIGNALS.length + 2 * CHARTED.length;
/** Numbers read at once. */
const BLOCK = 8192;
/** Numbers in memory at most: 48 MB, so that some thousand stays never see the disk. */
const AT_HAND = 6 << 20;

/** Lists of some stays one after the other, each list's length before them; those that were looked at, by where they begin. */
interface Block {
  readonly numbers: Float64Array;
  readonly seen: Map<number, StayLists>;
}

/**
 * Stays whose lists are in memory as far as they fit, and beyond that in a temporary file, so that memory does not grow with their
 * number. The file has no name and goes when nobody holds a stay any more, or with the process. Who looks at a stay's lists should
 * not hold them beyond it: they hold the stays beside it too.
 */
export class KeptStays {
  readonly #atHand: number;
  /** By place, the one used last at the end. */
  readonly #blocks = new Map<number, Block>();
  /** Where each block that is full is in the file, and its size, in numbers; −1: not there yet. */
  readonly #places: { at: number; readonly size: number }[] = [];
  #filling: Block = { numbers: new Float64Array(BLOCK), seen: new Map() };
  #filled = 0;
  #held = 0;
  #file: number | null = null;
  #fileSize = 0;

  constructor(atHand = AT_HAND) {
    this.#atHand = atHand;
  }

  /** Numbers in memory, without the block that is being filled. */
  get held(): number {
    return this.#held;
  }

  /**
   * A stay like the one given, whose lists are kept here.
   * @throws WardstreamError `WS_SOURCE` where the temporary file cannot be written, as reading a list may too.
   */
  keep(stay: ObservedStay): ObservedStay {
    const { times, signals, charted, ...rest } = stay;
    const lists = listsOf({ times, signals, charted });
    const size = lists.reduce((sum, { length }) => sum + length, LISTS);
    if (this.#filled + size > this.#filling.numbers.length) this.#seal(Math.max(size, BLOCK));
    const { numbers } = this.#filling;
    const start = this.#filled;
    let at = start;
    for (const { length } of lists) numbers[at++] = length;
    for (const list of lists) {
      numbers.set(list, at);
      at += list.length;
    }
    this.#filled = at;
    return Object.assign(new KeptLists(this, this.#places.length, start), rest);
  }

  /** The lists of the stay that begins at a place of a block. */
  read(index: number, start: number): StayLists {
    const { numbers, seen } = index === this.#places.length ? this.#filling : this.#block(index);
    const known = seen.get(start);
    if (known !== undefined) return known;
    const lists = unpacked(viewsOf(numbers, start));
    seen.set(start, lists);
    return lists;
  }

  /** Closes the block that is full and begins another. */
  #seal(next: number): void {
    if (this.#filled > 0) {
      this.#places.push({ at: -1, size: this.#filled });
      this.#hold(this.#places.length - 1, this.#filling);
    }
    this.#filling = { numbers: new Float64Array(next), seen: new Map() };
    this.#filled = 0;
  }

  #block(index: number): Block {
    const there = this.#blocks.get(index);
    if (there !== undefined) {
      this.#blocks.delete(index);
      this.#blocks.set(index, there);
      return there;
    }
    const { at, size } = this.#places[index];
    const numbers = new Float64Array(size);
    using(() => readSync(this.#file!, numbers, 0, numbers.byteLength, at * numbers.BYTES_PER_ELEMENT));
    const block = { numbers, seen: new Map() };
    this.#hold(index, block);
    return block;
  }

  /** Holds a block, and lets go of the ones not used for longest. */
  #hold(index: number, block: Block): void {
    this.#blocks.set(index, block);
    this.#held += this.#places[index].size;
    for (const [oldest, { numbers }] of this.#blocks) {
      if (this.#held <= this.#atHand || oldest === index) return;
      const place = this.#places[oldest];
      if (place.at < 0) this.#write(place, numbers);
      this.#blocks.delete(oldest);
      this.#held -= place.size;
    }
  }

  #write(place: { at: number; readonly size: number }, numbers: Float64Array): void {
    using(() => {
      this.#file ??= this.#open();
      const bytes = numbers.BYTES_PER_ELEMENT;
      let written = 0;
      while (written < place.size * bytes) {
        const left = place.size * bytes - written;
        written += writeSync(this.#file, numbers, written, left, this.#fileSize * bytes + written);
      }
    });
    place.at = this.#fileSize;
    this.#fileSize += place.size;
  }

  #open(): number {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-stays-'));
    try {
      const file = openSync(join(directory, 'stays'), 'w+');
      CLOSING.register(this, file);
      return file;
    } finally {
      // What is open stays until it is closed.
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

const CLOSING = new FinalizationRegistry<number>((file) => closeSync(file));

function using<Result>(file: () => Result): Result {
  try {
    return file();
  } catch (error) {
    const what = `scored stays cannot be put into a temporary file in ${tmpdir()}: ${String(error)}`;
    throw new WardstreamError('WS_SOURCE', `${what}; name another folder with TMPDIR`, { cause: error });
  }
}

/** The lists that begin at a place, in the order of `listsOf`. */
function viewsOf(numbers: Float64Array, start: number): Float64Array[] {
  let at = start + LISTS;
  return Array.from(numbers.subarray(start, at), (length) => {
    at += length;
    return numbers.subarray(at - length, at);
  });
}

/** Getters of the class, so that a copy of a stay does not take its lists along. */
class KeptLists implements StayLists {
  readonly #kept: KeptStays;
  readonly #block: number;
  readonly #start: number;

  constructor(kept: KeptStays, block: number, start: number) {
    this.#kept = kept;
    this.#block = block;
    this.#start = start;
  }

  get times(): StayLists['times'] {
    return this.#kept.read(this.#block, this.#start).times;
  }

  get signals(): StayLists['signals'] {
    return this.#kept.read(this.#block, this.#start).signals;
  }

  get charted(): StayLists['charted'] {
    return this.#kept.read(this.#block, this.#start).charted;
  }
}
