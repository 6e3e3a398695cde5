import type { Committed } from '../bus/bus.js';

/** Digits of a note. */
const BASE = 36;

/**
 * What a hook is done with of a partition: all before an offset, and of what was read behind that all but some. The offset is what is
 * committed; which ones are open stands in the note beside it, so that whoever reads on repeats none of the rest.
 */
export class Window {
  /** Read and not done with, in order. */
  readonly #open = new Set<number>();
  /** As the note has it: not done with, and not read again yet; in order. */
  readonly #left: Set<number>;
  /** All before has been read, by this run or by one before; −1: not known yet. */
  #end: number;

  constructor(committed?: Committed) {
    const { end, open } = committed === undefined ? { end: -1, open: [] } : parsed(committed);
    this.#end = end;
    this.#left = new Set(open);
  }

  /** Records that are not done with. */
  get open(): number {
    return this.#open.size;
  }

  /** Takes the next record; false where it was done with before. */
  take(offset: number): boolean {
    const isNew = offset >= this.#end || this.#left.delete(offset);
    if (isNew) this.#open.add(offset);
    this.readTo(offset + 1);
    return isNew;
  }

  done(offset: number): void {
    this.#open.delete(offset);
  }

  /** All before is read: what was to come before and has not is there no more. */
  readTo(offset: number): void {
    this.#end = Math.max(this.#end, offset);
    for (const left of this.#left) {
      if (left >= offset) break;
      this.#left.delete(left);
    }
  }

  /** What is to be committed; null while that is not known. */
  get committed(): Committed | null {
    if (this.#end < 0) return null;
    const [first = this.#end, ...others] = [...this.#open, ...this.#left];
    if (first === this.#end) return { offset: first };
    const steps = others.map((offset, index) => offset - (others[index - 1] ?? first));
    return {
      offset: first,
      note: [this.#end - first, ...steps].map((step) => step.toString(BASE)).join('.'),
    };
  }
}

/** A note that is none is left out: then what stands behind the offset is read as new. */
function parsed({ offset, note = '' }: Committed): { readonly end: number; readonly open: number[] } {
  if (!/^[0-9a-z]+(\.[0-9a-z]+)*$/.test(note)) return { end: offset, open: [] };
  const [length, ...steps] = note.split('.').map((step) => Number.parseInt(step, BASE));
  const open = [offset];
  for (const step of steps) open.push(open[open.length - 1] + step);
  return { end: offset + length, open };
}
