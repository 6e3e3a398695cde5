import { VARIABLES, variableIndex } from '../../clinical/variables.js';
import { mdcCode, mdcUnit } from '../hl7/mdc.js';
import type { Sender } from '../hl7/sender.js';
import { NoNumber, numberIn } from '../hl7/values.js';
import { variableOfCode } from '../loinc.js';

/** A value as a sender of JSON or CSV gives it. */
export interface GivenValue {
  readonly code: string;
  /** Of the code: `http://loinc.org`, `MDC`, a name of the sender's own; null where it says none. */
  readonly system: string | null;
  readonly value: number | string | null;
  /** Null where none is given. */
  readonly unit: string | null;
}

/** What a code means, and how its values read. */
interface Meaning {
  readonly variable: number;
  readonly unit?: string | undefined;
  readonly factor?: number | undefined;
  readonly values?: ReadonlyMap<string, number> | undefined;
}

/** A value that can be sent on, in a unit that its variable knows. */
export interface ReadValue {
  readonly variable: number;
  readonly value: number;
  readonly unit: string;
}

/** Why a value is not sent on. `unmapped`: nothing is known of its code. `nothing`: there is no value, or the sender's file ignores the code. */
export interface UnreadValue {
  readonly fault: 'unmapped' | 'nothing' | 'not-a-number' | 'unknown-unit';
  readonly detail: string;
}

const LOINC_PREFIX = /^LOINC(?:\/\/|\/|:)/i;

/** Reads values: codes and units by the sender's file first, then LOINC, MDC and the vocabulary. */
export function readValue(given: GivenValue, sender: Sender): ReadValue | UnreadValue {
  const meaning = meaningOf(given, sender);
  if (meaning === null) return { fault: 'unmapped', detail: `nothing is known of code ${given.code}` };
  if (meaning === 'ignore') return { fault: 'nothing', detail: `${given.code} is ignored` };
  const variable = VARIABLES[meaning.variable];
  const read = numberOf(given.value, meaning);
  if (read instanceof NoNumber) {
    if (read.isEmpty) return { fault: 'nothing', detail: `${variable.id} has no value` };
    return { fault: 'not-a-number', detail: `${variable.id}: ${read.detail}` };
  }
  const { value, unit: behind } = read;
  const unit = meaning.unit ?? unitOf(given.unit, sender) ?? (meaning.values === undefined ? behind : '');
  if (!variable.units.has(unit)) {
    const known = [...variable.units.keys()].filter((each) => each !== '').join(', ');
    const said = unit === '' ? 'without a unit' : `in ${JSON.stringify(unit.slice(0, 40))}`;
    return { fault: 'unknown-unit', detail: `${variable.id} ${said}; known: ${known}` };
  }
  const { factor } = meaning;
  return {
    variable: meaning.variable,
    value: factor === undefined ? value : Number((value * factor).toPrecision(12)),
    unit,
  };
}

function meaningOf({ code, system }: GivenValue, { codes }: Sender): Meaning | 'ignore' | null {
  const own = (system === null ? undefined : codes.get(`${code}^${system}`)) ?? codes.get(code);
  if (own === 'ignore') return own;
  if (own !== undefined) return { ...own, variable: variableIndex(own.variable) };
  if (system?.toUpperCase() === 'MDC' || code.startsWith('MDC_')) return mdcCode(code) ?? null;
  const variable = variableOfCode(code.replace(LOINC_PREFIX, ''));
  return variable === undefined ? null : { variable };
}

function numberOf(
  value: GivenValue['value'],
  { variable, values }: Meaning,
): { readonly value: number; readonly unit: string } | NoNumber {
  if (value === null) return numberIn('', NO_UNITS);
  if (typeof value === 'number') return { value, unit: '' };
  const text = value.trim();
  const word = values?.get(text);
  return word === undefined ? numberIn(text, VARIABLES[variable].units) : { value: word, unit: '' };
}

const NO_UNITS: ReadonlySet<string> = new Set();

/** The unit that a spelling means; null where there is none. */
function unitOf(text: string | null, { units }: Sender): string | null {
  const spelling = text?.trim() ?? '';
  return spelling === '' ? null : (units.get(spelling) ?? mdcUnit(spelling) ?? spelling);
}
