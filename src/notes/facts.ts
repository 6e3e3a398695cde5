import { Context, type NotNow } from './context.js';
import type { NoValue } from './numbers.js';
import { type Status, statusesOf } from './statuses.js';
import { LONGEST_MS, StatedTimes } from './times.js';
import { type Sentence, sentencesOf, type Token, tokensOf } from './tokens.js';
import { valuesOf } from './values.js';

/**
 * What a patient's other values make of one: a measurement says the same, or stands against it; the checks of trust refuse it; it is of
 * another time than the note's.
 */
export type Overruled = 'measured' | 'contradicted' | 'untrusted' | 'other-time';

/** Why a fact is not used; null: it is so, now, and of the patient. */
export type Unused = NotNow | NoValue | Overruled;

interface FactHead extends Sentence {
  readonly unused: Unused | null;
}

/** A value that a sentence states; `start` and `end` are of the sentence. */
export interface ValueFact extends FactHead {
  readonly kind: 'value';
  readonly variable: number;
  /** In the variable's canonical unit; NaN where none can be told. */
  readonly value: number;
  /** It has been so for so long; 0: not said. */
  readonly forMs: number;
  /** It was so long before the note; 0: not said. */
  readonly agoMs: number;
  /** Minutes of the day at which it was; null: not said. */
  readonly clock: number | null;
}

/** What a sentence states of a patient that is no value. */
export interface StatusFact extends FactHead {
  readonly kind: 'status';
  readonly status: Status;
  /** Such as a drug and its dose; empty: nothing. */
  readonly detail: string;
}

export type Fact = ValueFact | StatusFact;

/** What is read of a note. */
export interface NoteFacts {
  readonly facts: readonly Fact[];
  /** Not all of the note was read. */
  readonly isShortened: boolean;
  /** It is not English, as only that is read. */
  readonly isOtherLanguage: boolean;
}

/** Characters read of a note at most: of a longer one half from the beginning, half from the end, where assessment and plan stand. */
export const MOST_CHARS = 65_536;
/** Facts taken of a note at most; of more, the first. */
export const MOST_FACTS = 500;

/**
 * The facts that a note states, in its order, with why those are not used that are not so, not now, or not of the patient. English only.
 * Takes any text; time and memory are bounded. A fact that is told twice stands twice.
 */
export function factsOf(text: string): NoteFacts {
  const isLong = text.length > MOST_CHARS;
  const half = MOST_CHARS / 2;
  const parts = isLong ? [text.slice(0, half), text.slice(-half)] : [text];
  const facts: Fact[] = [];
  parts.forEach((part, index) => {
    const offset = index === 0 ? 0 : text.length - half;
    for (const sentence of sentencesOf(part)) {
      if (facts.length >= MOST_FACTS) return;
      addFacts(part, sentence, offset, facts);
    }
  });
  const isFull = facts.length > MOST_FACTS;
  return { facts: facts.slice(0, MOST_FACTS), isShortened: isLong || isFull, isOtherLanguage: false };
}

function addFacts(text: string, sentence: Sentence, offset: number, facts: Fact[]): void {
  const tokens = tokensOf(text, sentence);
  const values = valuesOf(text, tokens);
  const statuses = statusesOf(text, tokens);
  if (values.length === 0 && statuses.length === 0) return;
  const context = new Context(tokens);
  const times = new StatedTimes(text.slice(sentence.start, sentence.end), sentence.start, tokens);
  const place = { start: sentence.start + offset, end: sentence.end + offset };
  const found: { readonly from: number; readonly fact: Fact }[] = [];
  for (const { variable, value, is, from, to } of values) {
    const { forMs, agoMs, clock } = times.of(tokens[from].start, tokens[to - 1].end);
    if (times.isTime(numberIn(tokens, from, to))) continue;
    const old = agoMs > LONGEST_MS || times.hasDate ? 'historical' : null;
    const unused = context.of(from, to, true) ?? is ?? old;
    found.push({ from, fact: { kind: 'value', ...place, unused, variable, value, forMs, agoMs, clock } });
  }
  for (const { status, detail, isEvent, from, to } of statuses) {
    const unused = context.of(from, to, false, isEvent);
    found.push({ from, fact: { kind: 'status', ...place, unused, status, detail } });
  }
  found.sort((a, b) => a.from - b.from);
  for (const { fact } of found) facts.push(fact);
}

/** Where the last number among some tokens begins. */
function numberIn(tokens: readonly Token[], from: number, to: number): number {
  for (let at = to - 1; at > from; at--) if (tokens[at].kind === 'number') return tokens[at].start;
  return tokens[from].start;
}
