import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WardstreamError } from '../errors.js';
import { pack } from './pack.js';
import { CHARTED, listsOf, type ObservedStay, SIGNALS, type StayLists } from './stays.js';

/** Lists of a stay in the order of `listsOf`: times, signals, and times and values charted. */
const LISTS = 1 + SIGNALS.length + 2 * CHARTED.length;
/** Lists that are as long as each other, by their first: times and signals, and each variable charted. */
const GROUPS = [0, ...CHARTED.map((_, index) => 1 + SIGNALS.length + 2 * index)];
/** Stays in one block. */
const BLOCK = 128;
/** Numbers in memory at most: 24 MB, so that some thousand stays never see the disk. */
const AT_HAND = 3 << 20;

/** Lists of some stays, list by list: the first of all stays, the second, … */
interface Block {
  /** Where the list of each stay begins within that of all, and where the last ends. Shape [groups, stays + 1]. */
  readonly offsets: Uint32Array;
  /** Where the list of all stays begins. Shape [lists]. */
  readonly starts: Uint32Array;
  /** Null: in the file. */
  readonly numbers: Float64Array | null;
  /** Where in the file, in numbers. */
  readonly at: number;
}

/**
 * Stays whose lists are in memory as far as they fit, and beyond that in a temporary file, so that memory does not grow with their
 * number. Who goes over one list of all stays reads that list, not the others. The file has no name and goes when nobody holds a
 * stay any more, or with the process. Who looks at a stay's lists should not hold them beyond it: they hold those of stays beside
 * it too.
 */
export class KeptStays {
  readonly #atHand: number;
  readonly #blocks: Block[] = [];
  /** The lists of stays that are no block yet. */
  #filling: Float64Array[][] = [];
  /** Numbers of the blocks in memory. */
  #inMemory = 0;
  /** Lists read from the file, by block and list; the one used last at the end. */
  readonly #read = new Map<number, Float64Array>();
  #readSize = 0;
  /** The stay looked at last. */
  #seen: SeenStay | null = null;
  #file: number | null = null;
  #fileSize = 0;

  constructor(atHand = AT_HAND) {
    this.#atHand = atHand;
  }

  /** Numbers in memory, without the block that is being filled. */
  get held(): number {
    return this.#inMemory + this.#readSize;
  }

  /**
   * A stay like the one given, whose lists are kept here.
   * @throws WardstreamError `WS_SOURCE` where the temporary file cannot be written, as reading a list may too.
   */
  keep(stay: ObservedStay): ObservedStay {
    const { times, signals, charted, ...rest } = stay;
    if (this.#filling.length === BLOCK) this.#seal();
    const kept = new KeptLists(this, this.#blocks.length, this.#filling.length);
    this.#filling.push(pack(listsOf({ times, signals, charted })));
    return Object.assign(kept, rest);
  }

  /** A stay by its block and its place there. */
  look(block: number, place: number): SeenStay {
    if (this.#seen?.block !== block || this.#seen.place !== place)
      this.#seen = new SeenStay(this, block, place);
    return this.#seen;
  }

  /** A list of a stay. */
  list(index: number, place: number, list: number): Float64Array {
    const block = this.#blocks[index];
    if (block === undefined) return this.#filling[place][list];
    const { offsets, starts, numbers } = block;
    const row = groupOf(list) * (offsets.length / GROUPS.length) + place;
    const [from, to] = [offsets[row], offsets[row + 1]];
    return numbers === null
      ? this.#fromFile(index, list).subarray(from, to)
      : numbers.subarray(starts[list] + from, starts[list] + to);
  }

  /** Makes a block of the stays that fill it. */
  #seal(): void {
    const stays = this.#filling;
    const offsets = new Uint32Array(GROUPS.length * (stays.length + 1));
    GROUPS.forEach((first, group) => {
      const row = group * (stays.length + 1);
      stays.forEach((lists, place) => {
        offsets[row + place + 1] = offsets[row + place] + lists[first].length;
      });
    });
    const numbers = new Float64Array(
      stays.reduce((sum, lists) => sum + lists.reduce((size, { length }) => size + length, 0), 0),
    );
    const starts = new Uint32Array(LISTS);
    let at = 0;
    for (let list = 0; list < LISTS; list++) {
      starts[list] = at;
      for (const lists of stays) {
        numbers.set(lists[list], at);
        at += lists[list].length;
      }
    }
    // Half is for what is read from the file.
    const fits = this.#inMemory + numbers.length <= this.#atHand / 2;
    if (fits) this.#inMemory += numbers.length;
    else this.#write(numbers);
    const place = fits ? { numbers, at: 0 } : { numbers: null, at: this.#fileSize - numbers.length };
    this.#blocks.push({ offsets, starts, ...place });
    this.#filling = [];
    this.#seen = null;
  }

  /** A list of all stays of a block. */
  #fromFile(index: number, list: number): Float64Array {
    const key = index * LISTS + list;
    let numbers = this.#read.get(key);
    if (numbers !== undefined) {
      this.#read.delete(key);
      this.#read.set(key, numbers);
      return numbers;
    }
    const { offsets, starts, at } = this.#blocks[index];
    const row = offsets.length / GROUPS.length;
    numbers = new Float64Array(offsets[(groupOf(list) + 1) * row - 1]);
    const all = numbers;
    const bytes = numbers.BYTES_PER_ELEMENT;
    if (all.length > 0)
      using(() => readSync(this.#file!, all, 0, all.byteLength, (at + starts[list]) * bytes));
    this.#read.set(key, numbers);
    this.#readSize += numbers.length;
    for (const [oldest, { length }] of this.#read) {
      if (this.#readSize <= this.#atHand / 2 || oldest === key) break;
      this.#read.delete(oldest);
      this.#readSize -= length;
    }
    return numbers;
  }

  #write(numbers: Float64Array): void {
    using(() => {
      this.#file ??= this.#open();
      const bytes = numbers.BYTES_PER_ELEMENT;
      let written = 0;
      while (written < numbers.byteLength) {
        const left = numbers.byteLength - written;
        written += writeSync(this.#file, numbers, written, left, this.#fileSize * bytes + written);
      }
    });
    this.#fileSize += numbers.length;
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

/** Which lists it is as long as. */
function groupOf(list: number): number {
  return list <= SIGNALS.length ? 0 : 1 + ((list - 1 - SIGNALS.length) >> 1);
}

/** The lists of the stay that is looked at, each made when it is asked for. */
class SeenStay implements StayLists {
  readonly block: number;
  readonly place: number;
  readonly signals: StayLists['signals'];
  readonly charted: StayLists['charted'];
  readonly #kept: KeptStays;
  readonly #lists: Float64Array[] = [];

  constructor(kept: KeptStays, block: number, place: number) {
    this.#kept = kept;
    this.block = block;
    this.place = place;
    this.signals = new SeenSignals(this) as unknown as StayLists['signals'];
    this.charted = new SeenChart(this) as unknown as StayLists['charted'];
  }

  get times(): Float64Array {
    return this.list(0);
  }

  list(index: number): Float64Array {
    this.#lists[index] ??= this.#kept.list(this.block, this.place, index);
    return this.#lists[index];
  }
}

/** A getter for each signal; see below. */
class SeenSignals {
  readonly stay: SeenStay;

  constructor(stay: SeenStay) {
    this.stay = stay;
  }
}
SIGNALS.forEach((id, index) => {
  const get = function (this: SeenSignals) {
    return this.stay.list(1 + index);
  };
  Object.defineProperty(SeenSignals.prototype, id, { get });
});

/** A getter for each variable charted; see below. */
class SeenChart {
  readonly stay: SeenStay;

  constructor(stay: SeenStay) {
    this.stay = stay;
  }
}
CHARTED.forEach((id, index) => {
  const at = 1 + SIGNALS.length + 2 * index;
  const get = function (this: SeenChart) {
    return { times: this.stay.list(at), values: this.stay.list(at + 1) };
  };
  Object.defineProperty(SeenChart.prototype, id, { get });
});

/** Getters of the class, so that a copy of a stay does not take its lists along. */
class KeptLists implements StayLists {
  readonly #kept: KeptStays;
  readonly #block: number;
  readonly #place: number;

  constructor(kept: KeptStays, block: number, place: number) {
    this.#kept = kept;
    this.#block = block;
    this.#place = place;
  }

  get times(): StayLists['times'] {
    return this.#kept.look(this.#block, this.#place).times;
  }

  get signals(): StayLists['signals'] {
    return this.#kept.look(this.#block, this.#place).signals;
  }

  get charted(): StayLists['charted'] {
    return this.#kept.look(this.#block, this.#place).charted;
  }
}
