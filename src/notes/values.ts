import { VARIABLES, variableIndex } from '../clinical/variables.js';
import { glasgowParts } from './glasgow.js';
import { LABELS, type Label, OTHERS } from './labels.js';
import { isBound, type NoValue, readNumber } from './numbers.js';
import { oxygenAt } from './oxygen.js';
import { Phrases } from './phrases.js';
import { isJoined, numberOf, type Token } from './tokens.js';

/** A value that a sentence states, whatever it says of it; places are of tokens. */
export interface ValueFound {
  readonly variable: number;
  /** In the variable's canonical unit. */
  readonly value: number;
  /** Why it is none. */
  readonly is: NoValue | null;
  readonly from: number;
  readonly to: number;
}

const NAMES = new Phrases<Label>(LABELS);
const OTHER_NAMES = new Phrases<true>(OTHERS.map((phrase) => [phrase, true]));

/** Words between a name and its number, and how many at most. */
const LINKS = new Set(
  'is of was were now at around about approx approximately currently stable : = ~ - – to up down level count remains remained running reads reading trending low high elevated decreased increased dropped fell drifting falling rising rose only still measured today came back noted found recorded sitting in the mid upper lower rate drops dropping increasing decreasing worsening improved improving has been ( ) very just as by arterial serum critical continues obtained on repeat manual here rectally orally , less greater more be normal at registered showed shows revealed revealing'.split(
    ' ',
  ),
);
const MOST_LINKS = 8;
const ARROWS = new Set(['→', '➔', '⇒']);
const NOW = new Set(['now', 'currently', 'presently']);
const SEPARATORS = new Set(['/', '-', '–', ',', 'and', '&']);
/** Of a gas told without its name: what a pH can be. */
const GAS_PH = [6.8, 7.8] as const;
/** Numbers of a blood gas at most: the last may be a saturation. */
const MOST_OF_GAS = 6;

/** The values that the tokens of one sentence state, in their order. */
export function valuesOf(text: string, tokens: readonly Token[]): ValueFound[] {
  return new SentenceValues(text, tokens).all();
}

class SentenceValues {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #found: ValueFound[] = [];
  #isVenous = false;
  /** The verbal answer cannot be tested. */
  readonly #isTubed: boolean;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
    this.#isTubed = tokens.some(
      ({ lower }) => lower === 'intubated' || lower === 'ett' || lower === 'trached',
    );
  }

  all(): ValueFound[] {
    for (let at = 0; at < this.#tokens.length; ) at = Math.max(at + 1, this.#readAt(at));
    return this.#found;
  }

  /** Reads what begins at a token; the place to go on. */
  #readAt(at: number): number {
    const tokens = this.#tokens;
    const other = OTHER_NAMES.at(tokens, at);
    if (other !== null) return other.to;
    const parts = glasgowParts(tokens, at);
    if (parts !== null) return this.#addGlasgow(parts.total, at, parts.to);
    const name = NAMES.at(tokens, at);
    if (name !== null) {
      // "2L NC", "RA": letters behind a number belong to it.
      if (tokens[at - 1]?.kind === 'number' && isJoined(tokens[at - 1], tokens[at])) return name.to;
      if (name.meaning.isVenous) this.#isVenous = true;
      return this.#readNamed(name.meaning, at, name.to);
    }
    const oxygen = oxygenAt(tokens, at);
    if (oxygen !== null) {
      this.#add(oxygen.id, oxygen.value, null, at, oxygen.to);
      return oxygen.to;
    }
    return this.#gasAt(at) ?? at + 1;
  }

  #readNamed(label: Label, from: number, behind: number): number {
    const tokens = this.#tokens;
    let at = behind;
    let isBounded = false;
    for (; at - behind < MOST_LINKS && at < tokens.length && tokens[at].kind !== 'number'; at++) {
      if (isBound(tokens[at])) isBounded = true;
      else if (this.#isAnotherName(at, behind)) return at;
      else if (
        !LINKS.has(tokens[at].lower) &&
        !isAside(tokens, at) &&
        tokens[at].text !== '%' &&
        tokens[at].lower !== 'from'
      ) {
        const parts = label.form === 'glasgow' ? glasgowParts(tokens, at) : null;
        return parts === null ? behind : this.#addGlasgow(parts.total, from, parts.to);
      }
    }
    if (tokens[at]?.kind !== 'number') return behind;
    if (tokens.slice(behind, at).some(({ lower }) => lower === 'from')) at = this.#lastOfChange(at);
    if (isBounded) return this.#addBound(label, from, at);
    const to = this.#readForm(label, from, at);
    return this.#readNow(label, to);
  }

  #readForm(label: Label, from: number, at: number): number {
    const { form, ids } = label;
    if (form === 'pressure') return this.#readPressure(label, from, at);
    if (form === 'gas') return this.#readGas(from, at);
    if (form === 'glasgow') return this.#readGlasgow(from, at);
    if (form === 'list') return this.#readList(label, from, at);
    const last = this.#lastOfArrows(at);
    return this.#readOne(ids[0], label, from, last);
  }

  #readOne(id: string, label: Label, from: number, at: number): number {
    const { value, is, to } = readNumber(this.#text, this.#tokens, at, id, label);
    const isVein = this.#isVenous && ['ph', 'paco2', 'pao2'].includes(id);
    this.#add(id, value, is ?? (isVein ? 'venous' : null), from, to);
    return to;
  }

  /** "BP 92/48 (63)", "BP 80/palp", "BP 85 systolic". */
  #readPressure(label: Label, from: number, at: number): number {
    const tokens = this.#tokens;
    const [systolic, diastolic] = label.ids;
    const start = this.#lastPressure(at);
    const [, slash, second] = tokens.slice(start, start + 3);
    if (slash?.text !== '/') {
      if (slash?.lower === 'systolic') return this.#readOne(systolic, label, from, start) + 1;
      return start + 1;
    }
    if (second?.kind === 'word' && ['p', 'palp', 'palpation', 'doppler', 'd'].includes(second.lower))
      return this.#addPlain(systolic, numberOf(tokens[start]), from, start + 3);
    if (second?.kind !== 'number') return start + 1;
    const behind = tokens[start + 3];
    const isRange =
      (behind?.text === '-' || behind?.text === '–' || behind?.lower === 'to' || behind?.lower === 's') &&
      tokens[start + 4]?.kind === 'number';
    const isDate = behind?.text === '/' && isJoined(second, behind);
    if (isDate) return start + 5;
    for (const [id, place] of [
      [systolic, start],
      [diastolic, start + 2],
    ] as const) {
      const value = numberOf(tokens[place]);
      this.#add(
        id,
        value,
        isRange || behind?.lower === 's' ? 'range' : implausible(id, value),
        from,
        start + 3,
      );
    }
    let to = start + 3;
    if (behind?.lower === 'mmhg') to++;
    const [open, mean, close] = tokens.slice(to, to + 3);
    if (open?.text !== '(' || mean?.kind !== 'number' || close?.text !== ')') return to;
    return this.#addPlain(
      systolic === 'sbpInvasive' ? 'mapInvasive' : 'mapCuff',
      numberOf(mean),
      from,
      to + 3,
    );
  }

  /** "140/70 → 85/40": the last is what is. */
  #lastPressure(at: number): number {
    const tokens = this.#tokens;
    const [, slash, , to, second] = tokens.slice(at, at + 5);
    const isChange = tokens[at - 1]?.lower === 'from' && slash?.text === '/' && to?.lower === 'to';
    let start = isChange && second?.kind === 'number' ? at + 4 : at;
    for (;;) {
      const arrow =
        tokens[start + 1]?.text === '/' ? this.#behindArrow(start + 3) : this.#behindArrow(start + 1);
      if (arrow === null) return start;
      start = arrow;
    }
  }

  #readGas(from: number, at: number): number {
    const tokens = this.#tokens;
    const numbers: { value: number; isShare: boolean; isSigned: boolean; end: number }[] = [];
    let place = at;
    while (numbers.length < MOST_OF_GAS && tokens[place]?.kind === 'number') {
      const before = tokens[place - 1];
      const isSigned =
        before?.text === '+' ||
        ((before?.text === '-' || before?.text === '−') && SEPARATORS.has(tokens[place - 2]?.text ?? ''));
      const value = numberOf(tokens[place]) * (isSigned && before.text !== '+' ? -1 : 1);
      const isShare = tokens[place + 1]?.text === '%';
      place += isShare ? 2 : 1;
      numbers.push({ value, isShare, isSigned, end: place });
      if (!SEPARATORS.has(tokens[place]?.text ?? '')) break;
      place++;
      if (['+', '-', '−'].includes(tokens[place]?.text ?? '')) place++;
    }
    const [ph] = numbers;
    if (numbers.length < 3 || ph.value < GAS_PH[0] || ph.value > GAS_PH[1]) return at;
    numbers.forEach(({ value, isShare, isSigned, end }, index) => {
      const id = isShare ? 'sao2' : isSigned ? 'baseExcess' : ['ph', 'paco2', 'pao2', 'hco3'][index];
      if (id === undefined) return;
      const isVein = this.#isVenous && id !== 'hco3' && id !== 'baseExcess';
      this.#add(id, value, isVein ? 'venous' : implausible(id, value), from, end);
    });
    return numbers.at(-1)!.end;
  }

  /** "7.32/48/85" without a name. */
  #gasAt(at: number): number | null {
    const tokens = this.#tokens;
    if (tokens[at].kind !== 'number' || !/^[67]\.\d\d$/.test(tokens[at].text)) return null;
    if (tokens[at + 1]?.text !== '/' || tokens[at + 3]?.text !== '/') return null;
    const to = this.#readGas(at, at);
    return to > at ? to : null;
  }

  /** "10T": the verbal answer of who is intubated cannot be tested, so there is no total. */
  #readGlasgow(from: number, at: number): number {
    const tokens = this.#tokens;
    const last = this.#lastOfArrows(at);
    const value = numberOf(tokens[last]);
    const [next, second] = tokens.slice(last + 1, last + 3);
    const isTube = next?.text === 'T' || (next?.text === '-' && second?.text === 'T');
    if (next?.text === '/' && second?.kind === 'number' && second.text !== '15') return last + 3;
    const isDecade = next?.text === '-' || next?.text === '–' || next?.lower === 'to';
    const isRange = isDecade && second?.kind === 'number';
    const is = isTube || this.#isTubed ? 'not-testable' : isRange ? 'range' : implausible('gcs', value);
    const to = last + (next?.text === '/' ? 3 : 1);
    this.#add('gcs', value, is, from, to);
    // What stands behind it in brackets are its parts.
    const opened = tokens[to]?.text === '(' ? to + 1 : to;
    return glasgowParts(tokens, opened)?.to ?? to;
  }

  #addGlasgow(total: number | null, from: number, to: number): number {
    this.#add('gcs', total ?? Number.NaN, total === null || this.#isTubed ? 'not-testable' : null, from, to);
    return to;
  }

  /** "BUN and creatinine 26.8/1.2". */
  #readList(label: Label, from: number, at: number): number {
    const tokens = this.#tokens;
    let place = at;
    for (const [index, id] of label.ids.entries()) {
      if (tokens[place]?.kind !== 'number') return place;
      // A slash is between the two, and makes no fraction of them: that is of the form `number` only.
      place = this.#readOne(id, label, from, place);
      if (index + 1 < label.ids.length && SEPARATORS.has(tokens[place]?.lower ?? '')) place++;
    }
    return place;
  }

  /** "..., now 68" behind a value is another of the same. */
  #readNow(label: Label, at: number): number {
    const tokens = this.#tokens;
    let place = at;
    while (
      place < at + 3 &&
      (tokens[place]?.text === ',' || tokens[place]?.text === '(' || tokens[place]?.lower === 'but')
    )
      place++;
    if (!NOW.has(tokens[place]?.lower ?? '')) return at;
    const from = place++;
    while (place < from + 4 && LINKS.has(tokens[place]?.lower ?? '')) place++;
    return tokens[place]?.kind === 'number' ? this.#readForm(label, from, place) : at;
  }

  /** "from 2.1 to 4.8": the second is what is. */
  #lastOfChange(at: number): number {
    const [, to, second] = this.#tokens.slice(at, at + 3);
    return to?.lower === 'to' && second?.kind === 'number' ? at + 2 : this.#lastOfArrows(at);
  }

  #lastOfArrows(at: number): number {
    let last = at;
    for (let next = this.#behindArrow(last + 1); next !== null; next = this.#behindArrow(last + 1))
      last = next;
    return last;
  }

  /** The number behind an arrow at a token; null where there is none. */
  #behindArrow(at: number): number | null {
    const tokens = this.#tokens;
    let place = at;
    if (ARROWS.has(tokens[place]?.text ?? '')) place++;
    else {
      while (tokens[place]?.text === '-' && place < at + 3) place++;
      if (tokens[place]?.text !== '>') return null;
      place++;
    }
    return place > at && tokens[place]?.kind === 'number' ? place : null;
  }

  /** A list of names, as "sodium and potassium", gives none of them the number behind the last. */
  #isAnotherName(at: number, behind: number): boolean {
    return (
      at > behind &&
      NAMES.at(this.#tokens, at) !== null &&
      !LINKS.has(this.#tokens[at].lower) &&
      !isAside(this.#tokens, at)
    );
  }

  #addBound({ ids }: Label, from: number, at: number): number {
    this.#add(ids[0], numberOf(this.#tokens[at]), 'bound', from, at + 1);
    return at + 1;
  }

  #addPlain(id: string, value: number, from: number, to: number): number {
    this.#add(id, value, implausible(id, value), from, to);
    return to;
  }

  #add(id: string, value: number, is: NoValue | null, from: number, to: number): void {
    this.#found.push({ variable: variableIndex(id), value, is, from, to });
  }
}

/** A word in brackets between a name and its number: "potassium (K) 5.1". */
function isAside(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1]?.text === '(' && tokens[at + 1]?.text === ')';
}

function implausible(id: string, value: number): 'implausible' | null {
  const [low, high] = VARIABLES[variableIndex(id)].plausible;
  return value >= low && value <= high ? null : 'implausible';
}
