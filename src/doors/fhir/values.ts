import { VARIABLES } from '../../clinical/variables.js';
import type { Meaning } from '../hl7/codes.js';
import { NoNumber, numberIn, type Read } from '../hl7/values.js';
import { isObject, type Json, listAt, textAt } from './json.js';

/** The one value of an Observation or component, as it came. */
export interface Given {
  /** The name of its element, e.g. valueQuantity. */
  readonly kind: string;
  readonly value: unknown;
}

const EMPTY = new NoNumber('there is no value', true);
/** The number of an answer of a score (http://hl7.org/fhir/StructureDefinition/ordinalValue). */
const ORDINAL = 'http://hl7.org/fhir/StructureDefinition/ordinalValue';

/** The value of an Observation or component; null where it has none. */
export function givenIn(part: Json): Given | null {
  for (const [kind, value] of Object.entries(part)) {
    if (/^value[A-Z]/.test(kind) && value !== null && value !== '') return { kind, value };
  }
  return null;
}

/** The number that a value gives, with the unit that stands in its text. */
export function numberOf({ kind, value }: Given, meaning: Meaning): Read | NoNumber {
  const { units } = VARIABLES[meaning.variable];
  if (kind === 'valueQuantity' && isObject(value)) {
    const comparator = textAt(value, 'comparator');
    return inText(value.value, units, comparator === 'ad' ? '' : comparator);
  }
  if (kind === 'valueInteger' || kind === 'valueDecimal') return inText(value, units, '');
  if (kind === 'valueString') return meaningful(String(value), meaning) ?? inText(value, units, '');
  if (kind === 'valueCodeableConcept' && isObject(value)) return ofConcept(value, meaning);
  return new NoNumber(`${kind} is no number`);
}

function inText(value: unknown, units: { has(unit: string): boolean }, comparator: string): Read | NoNumber {
  if (value === undefined || value === null) return EMPTY;
  if (typeof value !== 'number' && typeof value !== 'string') return new NoNumber('the value is no number');
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return new NoNumber('the value is no number');
    return { value, isBound: comparator !== '', unit: '' };
  }
  return numberIn(`${comparator}${value.trim()}`, units);
}

function ofConcept(concept: Json, meaning: Meaning): Read | NoNumber {
  const codings = listAt(concept, 'coding');
  const words = [
    ...codings.flatMap((each) => [textAt(each, 'code'), textAt(each, 'display')]),
    textAt(concept, 'text'),
  ];
  for (const word of words) {
    const read = meaningful(word, meaning);
    if (read !== null) return read;
  }
  for (const coding of codings) {
    const ordinal = listAt(coding, 'extension').find((each) => textAt(each, 'url') === ORDINAL)?.valueDecimal;
    if (typeof ordinal === 'number') return { value: ordinal, isBound: false, unit: '' };
  }
  const [first] = words.filter((word) => word !== '');
  return first === undefined ? EMPTY : new NoNumber(`${JSON.stringify(first.slice(0, 40))} is no number`);
}

/** The number that the sender's file gives for a word. */
function meaningful(word: string, { values }: Meaning): Read | null {
  const value = values?.get(word);
  return value === undefined ? null : { value, isBound: false, unit: '' };
}

/** A value as an example for people. */
export function shownOf({ value }: Given): string {
  if (!isObject(value)) return String(value).slice(0, 80);
  const number = value.value === undefined ? '' : String(value.value);
  const words = textAt(value, 'unit') || textAt(value, 'code') || textAt(value, 'text');
  return `${number} ${words}`.trim().slice(0, 80);
}
