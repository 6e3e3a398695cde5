import type { Token } from './tokens.js';

/** What a sentence says of the Glasgow Coma Scale: a total, null where the verbal answer cannot be tested. */
export interface Glasgow {
  readonly total: number | null;
  readonly to: number;
}

/** Eyes, verbal answer, movement; T, C and NT stand for what cannot be tested. */
const PARTS = /^E([1-4]|C|NT)V([1-5]?)(T|NT)?M([1-6])(T?)/i;
/** Tokens that parts may take: "E 1, V 1, M 4". */
const MOST_TOKENS = 12;
const BETWEEN = /^[,/:()\-=;]$/;

/** The parts that begin at a token; null where none do. */
export function glasgowParts(tokens: readonly Token[], from: number): Glasgow | null {
  if (tokens[from]?.text[0] !== 'E' && tokens[from]?.text[0] !== 'e') return null;
  let joined = '';
  for (let to = from; to < Math.min(tokens.length, from + MOST_TOKENS); to++) {
    const { text } = tokens[to];
    if (BETWEEN.test(text)) continue;
    joined += text;
    const match = PARTS.exec(joined);
    // "M4" is whole; of "V1" another token may be "T".
    if (match === null) continue;
    const [whole, eyes, verbal, tube, movement, last] = match;
    if (whole.length < joined.length) return null;
    const isTested = verbal !== '' && tube === undefined && last === '' && /\d/.test(eyes);
    return { total: isTested ? Number(eyes) + Number(verbal) + Number(movement) : null, to: to + 1 };
  }
  return null;
}
