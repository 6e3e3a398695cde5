import type { UnitConversion } from '../clinical/units.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { Label } from './labels.js';
import { isJoined, numberOf, type Token } from './tokens.js';

/** Why a number is no value: it is a bound, a range, an amount given, in a unit that is not known, or one that nobody has. */
export type NoValue = 'bound' | 'range' | 'amount' | 'unit' | 'implausible' | 'not-testable' | 'venous';

/** A number with what is known of it. */
export interface Reading {
  /** In the variable's canonical unit. */
  readonly value: number;
  readonly is: NoValue | null;
  /** Place of the token behind it and its unit. */
  readonly to: number;
}

/** Spellings of units in notes only; those of src/clinical/units.ts are read as well. */
const NOTE_UNITS: readonly (readonly [written: string, unit: string])[] = [
  ['percent', '%'],
  ['per cent', '%'],
  ['mg%', 'mg/dL'],
  ['mg %', 'mg/dL'],
  ['gm%', 'g/dL'],
  ['gm %', 'g/dL'],
  ['g%', 'g/dL'],
  ['gm/dl', 'g/dL'],
  ['grams', 'g'],
  ['pounds', '[lb_av]'],
  ['pound', '[lb_av]'],
  ['kilograms', 'kg'],
  ['kilos', 'kg'],
  ['beats per minute', '/min'],
  ['beats/minute', '/min'],
  ['per minute', '/min'],
  ['/minute', '/min'],
  ['a minute', '/min'],
  ['breaths per minute', '/min'],
  ['breaths/minute', '/min'],
  ['degrees celsius', 'Cel'],
  ['degrees centigrade', 'Cel'],
  ['degrees c', 'Cel'],
  ['deg c', 'Cel'],
  ['celsius', 'Cel'],
  ['centigrade', 'Cel'],
  ['° c', 'Cel'],
  ['degrees fahrenheit', '[degF]'],
  ['degrees f', '[degF]'],
  ['deg f', '[degF]'],
  ['fahrenheit', '[degF]'],
  ['° f', '[degF]'],
  ['liters per minute', 'L/min'],
  ['cc/hr', 'mL'],
  ['cc/h', 'mL'],
  ['cc / hr', 'mL'],
  ['ml/hr', 'mL'],
  ['ml/h', 'mL'],
  ['ml / hr', 'mL'],
  ['mls/hr', 'mL'],
  ['ml/hour', 'mL'],
  ['cc/hour', 'mL'],
  ['cc per hour', 'mL'],
  ['ml per hour', 'mL'],
  ['mls', 'mL'],
  ['ccs', 'mL'],
  ['thousand', '10*3/uL'],
  ['x10(9)/l', '10*3/uL'],
  ['torr', 'mm[Hg]'],
];

/** Kelvin is another letter for potassium: "T 37 K 4.1". */
const NO_UNIT = new Set(['', '1', 'k']);

/** By variable: spellings in small letters with the factor and offset of the unit, longest first. */
const UNITS = VARIABLES.map(({ units }) => {
  const rows = [...units].map(([spelling, conversion]) => [spelling.toLowerCase(), conversion] as const);
  for (const [written, unit] of NOTE_UNITS) {
    const conversion = units.get(unit);
    if (conversion !== undefined) rows.push([written, conversion]);
  }
  return rows.filter(([spelling]) => !NO_UNIT.has(spelling)).sort((a, b) => b[0].length - a[0].length);
});

/** What is counted, given or waited for: no value. */
const AMOUNTS = new Set(
  'mg g gm gram grams mcg ug meq mmol unit units u amp amps ml cc l liter liters litre litres bag bags pack packs tab tabs tablet tablets dose doses time times day days hour hours hr hrs h week weeks month months year years yo min mins minute minutes cm mm inch inches feet points weeks gtt'.split(
    ' ',
  ),
);
const BOUNDS = new Set([
  '<',
  '>',
  '≤',
  '≥',
  'above',
  'below',
  'under',
  'over',
  'than',
  'least',
  'most',
  'exceeds',
]);
const DEGREES = new Set(['degrees', 'deg', '°', 'º']);

/** Whether a token says that the number behind it bounds something. */
export function isBound(token: Token | undefined): boolean {
  return token !== undefined && BOUNDS.has(token.lower);
}

/** Reads the number at a token as a value of a variable; its unit is looked for behind it. */
export function readNumber(
  text: string,
  tokens: readonly Token[],
  at: number,
  id: string,
  label: Label,
): Reading {
  const variable = variableIndex(id);
  const token = tokens[at];
  const isNegative = id === 'baseExcess' && (tokens[at - 1]?.text === '-' || tokens[at - 1]?.text === '−');
  const number = isNegative ? -numberOf(token) : numberOf(token);
  const none = (is: NoValue): Reading => ({ value: number, is, to: at + 1 });
  const [next, second] = [tokens[at + 1], tokens[at + 2]];
  if (isRange(tokens, at)) return none('range');
  const unit = unitBehind(text, tokens, at, variable);
  if (unit === null && next !== undefined) {
    if (next.text === '%' && variable !== variableIndex('gcs')) return none('unit');
    // "5th" is a place in a row, "8/30" a date; "102K" of a count is in thousands, as it is without.
    const isCount = next.lower === 'k' && (id === 'platelets' || id === 'wbc');
    if (next.kind === 'word' && !isCount && isJoined(token, next) && !DEGREES.has(next.lower))
      return none('unit');
    // "H" is a name, "h" an hour.
    if (next.kind === 'word' && AMOUNTS.has(next.text.length === 1 ? next.text : next.lower))
      return none('amount');
    if (next.text === '/' && isJoined(token, next) && second?.kind === 'number' && label.form === 'number')
      return none('range');
    if (next.text === '+' && isJoined(token, next)) return none('bound');
    if (next.text === ':' && isJoined(token, next) && second?.kind === 'number') return none('amount');
  }
  if (unit === null && label.needsUnit) return none('unit');
  const value = unit === null ? withoutUnit(number, id, label) : converted(number, unit.conversion);
  const [low, high] = VARIABLES[variable].plausible;
  return { value, is: value >= low && value <= high ? null : 'implausible', to: unit?.to ?? at + 1 };
}

/** "80-90", "80 to 90", "80s", "mid 80s". */
function isRange(tokens: readonly Token[], at: number): boolean {
  const [token, next, second, third] = tokens.slice(at, at + 4);
  if (next === undefined) return false;
  const isS = (each: Token | undefined) => each?.lower === 's';
  if (isS(next) && isJoined(token, next)) return true;
  if ((next.text === "'" || next.text === '’') && isS(second)) return true;
  const isDash = next.text === '-' || next.text === '–';
  if ((isDash || next.lower === 'to' || next.lower === 'or') && second?.kind === 'number') return true;
  return next.text === '%' && (second?.text === '-' || second?.lower === 'to') && third?.kind === 'number';
}

function converted(number: number, { scale, offset }: UnitConversion): number {
  return number * scale + offset;
}

interface UnitFound {
  readonly conversion: UnitConversion;
  readonly to: number;
}

function unitBehind(text: string, tokens: readonly Token[], at: number, variable: number): UnitFound | null {
  const { end } = tokens[at];
  const start = text[end] === ' ' ? end + 1 : end;
  const behind = text.slice(start, start + 24).toLowerCase();
  for (const [spelling, conversion] of UNITS[variable]) {
    if (!behind.startsWith(spelling)) continue;
    const after = behind[spelling.length] ?? ' ';
    if (/[\p{L}\p{N}]/u.test(after) || (after === '/' && /[a-z]/.test(behind[spelling.length + 1] ?? '')))
      continue;
    const until = start + spelling.length;
    let to = at + 1;
    while (to < tokens.length && tokens[to].start < until) to++;
    return { conversion, to };
  }
  return null;
}

/** What a number without a unit means: where only one unit of a variable has such numbers, that one. */
function withoutUnit(number: number, id: string, { unit }: Label): number {
  if (unit === 'deficit') return -number;
  if (unit !== null) return converted(number, VARIABLES[variableIndex(id)].units.get(unit)!);
  switch (id) {
    case 'temperature':
      return number > 60 ? ((number - 32) * 5) / 9 : number;
    case 'fio2':
      return number > 1 ? number / 100 : number;
    case 'wbc':
    case 'platelets':
      return number >= 1600 ? number / 1000 : number;
    case 'hemoglobin':
      return number >= 30 ? number / 10 : number;
    case 'albumin':
      return number >= 10 ? number / 10 : number;
    default:
      return number;
  }
}
