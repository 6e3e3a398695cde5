/**
 * Reads units as people and devices write them: UCUM (https://ucum.org), and what stands in its place in messages, such as K/mcL,
 * MMOL/L, 10^9/L, {Beats}/min and mm3.
 */

/** A unit taken apart: a factor, and what it is a unit of. */
export interface ReadUnit {
  readonly factor: number;
  /** Base units with their exponents, sorted: `g1 l-1`. Empty: a number. */
  readonly dimension: string;
}

const NUMBER = '';
/** Base unit and factor of each atom that takes a prefix, in small letters. Pressure by column and by force are not the same here. */
const METRIC: Readonly<Record<string, readonly [base: string, factor: number]>> = {
  l: ['l', 1],
  liter: ['l', 1],
  litre: ['l', 1],
  g: ['g', 1],
  gm: ['g', 1],
  gms: ['g', 1],
  gram: ['g', 1],
  grams: ['g', 1],
  mol: ['mol', 1],
  mole: ['mol', 1],
  moles: ['mol', 1],
  eq: ['eq', 1],
  val: ['eq', 1],
  m: ['m', 1],
  pa: ['pa', 1],
  bar: ['pa', 100_000],
  u: ['u', 1],
  iu: ['u', 1],
  '[iu]': ['u', 1],
  unit: ['u', 1],
  units: ['u', 1],
  // 1 U is 1 µmol/min, 1 kat is 1 mol/s.
  kat: ['u', 60_000_000],
};
/** The same of those without prefix. */
const PLAIN: Readonly<Record<string, readonly [base: string, factor: number]>> = {
  'mm[hg]': ['mmhg', 1],
  mmhg: ['mmhg', 1],
  torr: ['mmhg', 1],
  'cm[h2o]': ['cmh2o', 1],
  cmh2o: ['cmh2o', 1],
  min: ['min', 1],
  minute: ['min', 1],
  minutes: ['min', 1],
  h: ['min', 60],
  hr: ['min', 60],
  hour: ['min', 60],
  '%': [NUMBER, 0.01],
  percent: [NUMBER, 0.01],
  pct: [NUMBER, 0.01],
  cc: ['l', 0.001],
  mm3: ['l', 1e-6],
  cumm: ['l', 1e-6],
  cmm: ['l', 1e-6],
  lb: ['g', 453.592_37],
  lbs: ['g', 453.592_37],
  '[lb_av]': ['g', 453.592_37],
  pounds: ['g', 453.592_37],
  in: ['m', 0.0254],
  inch: ['m', 0.0254],
  '[in_i]': ['m', 0.0254],
  k: [NUMBER, 1000],
  thou: [NUMBER, 1000],
  thousand: [NUMBER, 1000],
  mill: [NUMBER, 1e6],
  million: [NUMBER, 1e6],
};
/** Numbers as factors where nothing follows: 221 giga.l-1, G/L. */
const LARGE: Readonly<Record<string, number>> = { G: 1e9, giga: 1e9, T: 1e12, tera: 1e12, M: 1e6, mega: 1e6 };
const PREFIXES: readonly (readonly [prefix: string, factor: number])[] = [
  ['mc', 1e-6],
  ['u', 1e-6],
  ['k', 1e3],
  ['d', 1e-1],
  ['c', 1e-2],
  ['m', 1e-3],
  ['n', 1e-9],
  ['p', 1e-12],
  ['f', 1e-15],
];
/** What is counted says nothing of the unit. */
const COUNTED = /^(beats?|breaths?|br|resp|respirations?|pulses?|cells?|#|count)$/;
/** Whole spellings of rates. */
const RATES = new Set(['bpm', 'rpm', 'brpm', 'b.p.m.', 'min-1']);
const LONGEST = 32;

/** The unit that a text names; the first of `isWanted` where small and capital letters allow two. Null: it is none that is known. */
export function readUnit(text: string, isWanted: (unit: ReadUnit) => boolean): ReadUnit | null {
  if (text.length > LONGEST) return null;
  const plain = text
    .normalize('NFKC')
    .replaceAll('μ', 'u')
    .replaceAll('µ', 'u')
    .replaceAll('×', 'x')
    .replace(/\{[^{}]*\}/g, '')
    .replace(/\bper\b/gi, '/')
    .trim();
  if (plain === '') return null;
  for (const each of [plain, plain.toLowerCase()]) {
    const unit = read(each);
    if (unit !== null && isWanted(unit)) return unit;
  }
  return null;
}

function read(text: string): ReadUnit | null {
  if (RATES.has(text.toLowerCase())) return { factor: 1, dimension: 'min-1' };
  const bases = new Map<string, number>();
  let factor = 1;
  const parts = text.split('/');
  for (const [index, part] of parts.entries()) {
    const sign = index === 0 ? 1 : -1;
    const terms = termsOf(part.trim());
    if (terms === null || (terms.length === 0 && index > 0)) return null;
    for (const term of terms) {
      const found = atomOf(term);
      if (found === null) return null;
      const [base, size, power] = found;
      factor *= size ** (sign * power);
      if (base !== NUMBER) bases.set(base, (bases.get(base) ?? 0) + sign * power);
    }
  }
  const named = [...bases].filter(([, power]) => power !== 0).map(([base, power]) => `${base}${power}`);
  return { factor, dimension: named.sort().join(' ') };
}

/** The factors of a product; powers of ten in their many forms are one. */
function termsOf(part: string): string[] | null {
  const power = /^(?:\d+\s*)?(?:x\s*)?10\s*(?:\*\*|\*|\^|e)?\s*([+-]?\d{1,2})(?![\d.])/i.exec(part);
  if (power !== null && /[*^xe]|10\d/i.test(power[0]) && !/^\d+$/.test(power[0].trim())) {
    const rest = part.slice(power[0].length).replace(/^[.*·\s]+/, '');
    return [`10^${power[1]}`, ...split(rest)];
  }
  return split(part);
}

function split(part: string): string[] {
  if (/^mm\s*\[?hg\]?$/i.test(part)) return ['mmhg'];
  if (/^cm\s*\[?h2o\]?$/i.test(part)) return ['cmh2o'];
  return part.split(/[.*·\s]+/).filter((term) => term !== '');
}

/** Base, factor and exponent of a term; null where it is none. */
function atomOf(term: string): readonly [base: string, factor: number, power: number] | null {
  const ten = /^10\^([+-]?\d+)$/.exec(term);
  if (ten !== null) return [NUMBER, 10 ** Number(ten[1]), 1];
  if (/^\d+$/.test(term)) return Number(term) === 0 ? null : [NUMBER, Number(term), 1];
  if (COUNTED.test(term.toLowerCase())) return [NUMBER, 1, 1];
  const cube = /^mm\^?3$/i.test(term);
  const match = cube ? null : /^(.*?[^\d^+-])(?:\^)?([+-]?\d)?$/.exec(term);
  const name = cube ? 'mm3' : (match?.[1] ?? '');
  const power = match?.[2] === undefined ? 1 : Number(match[2]);
  const small = name.toLowerCase();
  const large = own(LARGE, name);
  if (large !== undefined) return [NUMBER, large, power];
  const plain = own(PLAIN, small);
  if (plain !== undefined) return [...plain, power];
  const metric = own(METRIC, small);
  if (metric !== undefined) return [...metric, power];
  for (const [prefix, size] of PREFIXES) {
    if (!small.startsWith(prefix)) continue;
    // MG and mg are milligrams; M before what is no unit of medicine's thousandths is not read.
    const base = own(METRIC, small.slice(prefix.length));
    if (base !== undefined) return [base[0], base[1] * size, power];
  }
  return null;
}

function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
