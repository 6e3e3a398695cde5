import { VARIABLES } from '../../clinical/variables.js';
import type { Meaning } from './codes.js';
import type { Segment } from './message.js';

/** A number that an OBX gives. */
export interface Read {
  readonly value: number;
  /** It is a bound, such as of "< 0.3": the number is used as it stands. */
  readonly isBound: boolean;
  /** A unit that stands behind the number; empty where none does. */
  readonly unit: string;
}

/** Why an OBX gives no number. */
export class NoNumber {
  readonly detail: string;
  /** There is nothing at all, so nothing is lost. */
  readonly isEmpty: boolean;

  constructor(detail: string, isEmpty = false) {
    this.detail = detail;
    this.isEmpty = isEmpty;
  }
}

const EMPTY = new NoNumber('there is no value', true);
const NUMBER = /^([<>]=?|=|≤|≥|~)?\s*([+-]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*)?$/;
/** Types of which the value is no number, whatever stands there (HL7 table 0125). */
const NO_NUMBERS = new Set([
  'ED',
  'RP',
  'DT',
  'TM',
  'TS',
  'DTM',
  'NA',
  'MA',
  'XPN',
  'XCN',
  'XAD',
  'XTN',
  'CX',
]);

/** The number that an OBX gives: of a number, a structured number, text or a code. */
export function numberOf(obx: Segment, { variable, values }: Meaning): Read | NoNumber {
  const { units } = VARIABLES[variable];
  const type = obx.text(2).toUpperCase();
  const repetitions = obx.repetitions(5);
  if (repetitions.length === 0) return EMPTY;
  if (NO_NUMBERS.has(type)) return new NoNumber(`OBX-5 is of type ${type}`);
  const [first] = repetitions;
  const word = values?.get(first.text(1)) ?? values?.get(first.text(2));
  if (word !== undefined) return { value: word, isBound: false, unit: '' };
  if (repetitions.length > 1) return new NoNumber(`${obx.raw(5)} are ${repetitions.length} values`);
  if (type === 'SN' && first.text(2) !== '') {
    if (first.text(4) !== '') return new NoNumber(`${first.raw} is a range or a ratio`);
    return numberIn(first.text(1) + first.text(2), units);
  }
  return numberIn(first.text(1), units);
}

/** The number in a text: with a comparison before it, or one of the units behind it. "10T" and "80 ?" are no plain numbers. */
export function numberIn(text: string, units: { has(unit: string): boolean }): Read | NoNumber {
  if (text === '') return EMPTY;
  const match = NUMBER.exec(text);
  const [, comparison = '', digits = '', rest = ''] = match ?? [];
  const unit = rest.trim();
  if (match === null || (unit !== '' && !units.has(unit)))
    return new NoNumber(`${quoted(text)} is no number`);
  // A comma with three digits behind it may part thousands.
  if (/[1-9]\d*,\d{3}$/.test(digits)) return new NoNumber(`${quoted(text)} can be read in two ways`);
  const value = Number(digits.replace(',', '.'));
  return { value, isBound: comparison !== '' && comparison !== '=', unit };
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
