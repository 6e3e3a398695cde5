import type { Token } from './tokens.js';

/** A phrase found in a sentence: places of its first token and of the one behind its last. */
export interface Found<Meaning> {
  readonly from: number;
  readonly to: number;
  readonly meaning: Meaning;
}

interface Phrase<Meaning> {
  readonly words: readonly string[];
  /** Found as it is written. */
  readonly isExact: boolean;
  readonly meaning: Meaning;
}

/**
 * Phrases with what they mean. A phrase is words and signs with blanks between; one with a capital letter is found as it is written, another in
 * any writing. Of several that begin at one place the longest is found. Time is linear in the sentence.
 */
export class Phrases<Meaning> {
  readonly #byFirst = new Map<string, Phrase<Meaning>[]>();

  constructor(rows: Iterable<readonly [phrase: string, meaning: Meaning]>) {
    for (const [phrase, meaning] of rows) {
      const words = phrase.split(' ');
      const first = words[0].toLowerCase();
      const known = this.#byFirst.get(first) ?? [];
      known.push({ words, isExact: /[A-Z]/.test(phrase), meaning });
      known.sort((a, b) => b.words.length - a.words.length);
      this.#byFirst.set(first, known);
    }
  }

  /** The longest phrase that begins at a place; null where none does. */
  at(tokens: readonly Token[], from: number): Found<Meaning> | null {
    const known = from < tokens.length ? this.#byFirst.get(tokens[from].lower) : undefined;
    const here = known?.find((phrase) => isAt(tokens, from, phrase));
    return here === undefined ? null : { from, to: from + here.words.length, meaning: here.meaning };
  }

  /** All that do not overlap, from the first on. */
  all(tokens: readonly Token[]): Found<Meaning>[] {
    const found: Found<Meaning>[] = [];
    for (let from = 0; from < tokens.length; ) {
      const here = this.at(tokens, from);
      if (here !== null) found.push(here);
      from = here?.to ?? from + 1;
    }
    return found;
  }
}

function isAt(tokens: readonly Token[], from: number, { words, isExact }: Phrase<unknown>): boolean {
  if (from + words.length > tokens.length) return false;
  return words.every((word, index) => {
    const { text, lower } = tokens[from + index];
    return word === (isExact ? text : lower);
  });
}

/** Rows of phrases, several of one meaning separated by `|`. */
export function rowsOf<Meaning>(
  table: readonly (readonly [phrases: string, meaning: Meaning])[],
): [string, Meaning][] {
  return table.flatMap(([phrases, meaning]) =>
    phrases.split('|').map((phrase): [string, Meaning] => [phrase, meaning]),
  );
}
