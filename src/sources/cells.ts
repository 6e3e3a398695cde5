import { IdFault, readId } from '../contract/ids.js';

/** What files write where nothing was charted, in small letters. */
const BLANK = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-', '.']);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** A number with what bounds it: "<0.3", "> 89", as laboratories and those who hide ages write. */
const BOUND = /^[<>≤≥]=?\s*/;

/** Stands for what is there and is no number. */
export const NO_NUMBER = Number.POSITIVE_INFINITY;

/** The number in a text; NaN where nothing was charted, NO_NUMBER where what stands there is none. A bound is the number it names. */
export function numberInText(text: string): number {
  const plain = text.trim();
  if (BLANK.has(plain.toLowerCase())) return Number.NaN;
  const digits = plain.replace(BOUND, '');
  return NUMBER.test(digits) ? Number(digits) : NO_NUMBER;
}

/** What a label says, however it is spelled: 1, 1.0, True; null where it is neither yes nor no. */
export function yesOrNo(cell: unknown): boolean | null {
  if (typeof cell === 'boolean') return cell;
  const text = String(cell ?? '')
    .trim()
    .toLowerCase();
  if (text === 'true' || text === 'yes') return true;
  if (text === 'false' || text === 'no') return false;
  const value = numberInText(text);
  return value === 1 ? true : value === 0 ? false : null;
}

/** The id in a cell; null where it says that there is none. */
export function idIn(cell: unknown): string | null {
  if (cell === null || cell === undefined) return null;
  const id = readId(String(cell));
  return id instanceof IdFault ? null : id;
}
