import { HOUR_MS, MINUTE_MS } from '../durations.js';
import type { Token } from './tokens.js';

/** When a sentence says that something was. */
export interface Stated {
  /** It has been so for so long; 0: not said. */
  readonly forMs: number;
  /** It was so long before the note; 0: not said. */
  readonly agoMs: number;
  /** Minutes of the day; null: not said. */
  readonly clock: number | null;
}

/** Longer ago it is history, and a value that has stood longer counts as having stood so long. */
export const LONGEST_MS = 12 * HOUR_MS;

const COUNT = String.raw`(\d{1,3}(?:\.\d)?|an?|one|two|three|four|half an|few|several)`;
const UNIT = String.raw`(hours?|hrs?|h|minutes?|mins?)\b`;
const LASTING = new RegExp(
  String.raw`\b(?:(?:for|over|during)\s+(?:the\s+)?(?:last|past)?\s*|(?:last|past)\s+|x\s?)(?:about\s+|~\s?|at least\s+|nearly\s+|almost\s+)?${COUNT}?\s?${UNIT}(?!\s+(?:ago|earlier|prior|before))`,
  'gi',
);
const AGO = new RegExp(String.raw`\b${COUNT}\s?${UNIT}\s+ago\b`, 'gi');
const CLOCK =
  /(?:\bat\s|@\s?|^[\W]*)([01]?\d|2[0-3]):?([0-5]\d)(?:\s?(?:h|hrs|hours))?(?![\d.%/])(?=[\s:,;)\-–]|$)/gi;
/** A day of the calendar: "07/26/10", "on 8/30". Of which year and how long ago it is, nobody can tell for sure. */
const DAY = String.raw`(?:0?[1-9]|1[0-2])[/-](?:0?[1-9]|[12]\d|3[01])`;
const DATE = new RegExp(
  String.raw`(?<![\d./])${DAY}[/-](?:\d{4}|\d{2})(?![\d/.%])|\b(?:on|from|since)\s${DAY}(?![/%.\d-])`,
  'i',
);
const COUNTS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  'half an': 0.5,
  few: 2,
  several: 3,
};

interface Place<Value> {
  readonly at: number;
  readonly end: number;
  readonly value: Value;
}

/** The times that a sentence states, and which of them are of what it tells where. */
export class StatedTimes {
  /** The sentence names a day of the calendar. */
  readonly hasDate: boolean;
  readonly #start: number;
  readonly #cuts: readonly number[];
  readonly #lasting: readonly Place<number>[];
  readonly #ago: readonly Place<number>[];
  readonly #clocks: readonly Place<number>[];

  /** `sentence` begins at `start` of the text. */
  constructor(sentence: string, start: number, tokens: readonly Token[]) {
    this.hasDate = DATE.test(sentence);
    this.#start = start;
    this.#cuts = tokens.filter(({ text }) => text === ',').map((token) => token.start - start);
    this.#lasting = placesOf(sentence, LASTING, ([, count, unit]) => spanOf(count ?? 'one', unit));
    this.#ago = placesOf(sentence, AGO, ([, count, unit]) => spanOf(count, unit));
    this.#clocks = placesOf(sentence, CLOCK, ([, hours, minutes]) => 60 * Number(hours) + Number(minutes));
  }

  /** Of what stands from `start` to `end` of the text. */
  of(start: number, end: number): Stated {
    const [from, to] = this.#stretchOf(start - this.#start, end - this.#start);
    const within = <Value>(places: readonly Place<Value>[]) =>
      places.find((place) => place.at >= from && place.end <= to);
    const forMs = Math.min(within(this.#lasting)?.value ?? 0, LONGEST_MS);
    const first = this.#clocks[0];
    const heading = first !== undefined && first.at === 0 ? first.value : null;
    const clock = within(this.#clocks)?.value ?? heading;
    return { forMs, agoMs: within(this.#ago)?.value ?? 0, clock };
  }

  /** Whether a number at a place of the text is part of a time. */
  isTime(start: number): boolean {
    const at = start - this.#start;
    return [this.#lasting, this.#ago, this.#clocks].some((places) =>
      places.some((place) => at >= place.at && at < place.end),
    );
  }

  /** From the comma before to the comma behind. */
  #stretchOf(start: number, end: number): [number, number] {
    const from = this.#cuts.findLast((cut) => cut < start) ?? 0;
    return [from, this.#cuts.find((cut) => cut >= end) ?? Number.POSITIVE_INFINITY];
  }
}

function placesOf<Value>(
  sentence: string,
  pattern: RegExp,
  read: (match: RegExpMatchArray) => Value,
): Place<Value>[] {
  return Array.from(sentence.matchAll(pattern), (match) => {
    return { at: match.index, end: match.index + match[0].length, value: read(match) };
  });
}

function spanOf(count: string, unit: string): number {
  const number = COUNTS[count.toLowerCase()] ?? Number(count);
  return number * (unit.toLowerCase().startsWith('h') ? HOUR_MS : MINUTE_MS);
}
