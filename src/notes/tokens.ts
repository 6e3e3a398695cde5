/** A sentence of a note, by its place in the text. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
}

/** A word, a number or a sign of a sentence. */
export interface Token extends Sentence {
  readonly kind: 'word' | 'number' | 'sign';
  readonly text: string;
  /** `text` in small letters. */
  readonly lower: string;
}

/** A longer sentence is read in pieces, so that no list of a thousand values shares one context. */
const MAX_SENTENCE_CHARS = 600;
/** After them a full stop ends no sentence. */
const ABBREVIATIONS = new Set(['dr', 'mr', 'mrs', 'ms', 'pt', 'temp', 'resp', 'resps', 'approx', 'vs', 'no']);
/** A stop before white space, or what stands between lines of a list. */
const BOUNDARY = /[.?!](?=\s|$)|[;\n\r]|\.,(?=[A-Z\d])/g;
/** A number with thousands or decimals; a word that begins with a letter; any other sign that is no blank. */
const TOKEN = /\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?|\.\d+|\p{L}[\p{L}\p{N}]*|[^\s\p{L}\p{N}]|\p{N}/gu;

/** The sentences of a text, in order. Time is linear in its length. */
export function sentencesOf(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  const close = (end: number) => {
    for (; end - start > MAX_SENTENCE_CHARS; ) {
      const blank = text.lastIndexOf(' ', start + MAX_SENTENCE_CHARS);
      const cut = blank > start ? blank : start + MAX_SENTENCE_CHARS;
      sentences.push({ start, end: cut });
      start = cut;
    }
    if (end > start) sentences.push({ start, end });
    start = end;
  };
  for (const { 0: mark, index } of text.matchAll(BOUNDARY)) {
    if (mark === '.' && ABBREVIATIONS.has(lastWord(text, index))) continue;
    close(index + 1);
  }
  close(text.length);
  return sentences.map((each) => trimmed(text, each)).filter(({ start: from, end }) => end > from);
}

/** The tokens of one sentence. */
export function tokensOf(text: string, { start, end }: Sentence): Token[] {
  const tokens: Token[] = [];
  for (const { 0: token, index } of text.slice(start, end).matchAll(TOKEN)) {
    const from = start + index;
    tokens.push({
      kind: kindOf(token),
      text: token,
      lower: token.toLowerCase(),
      start: from,
      end: from + token.length,
    });
  }
  return tokens;
}

/** The number a token tells: thousands without their commas. */
export function numberOf({ text }: Token): number {
  return Number(text.replaceAll(',', ''));
}

/** Whether `next` follows `token` without a blank. */
export function isJoined(token: Token | undefined, next: Token | undefined): boolean {
  return token !== undefined && next !== undefined && token.end === next.start;
}

function kindOf(token: string): Token['kind'] {
  if (/^\.?\d/.test(token)) return 'number';
  return /^\p{L}/u.test(token) ? 'word' : 'sign';
}

function lastWord(text: string, end: number): string {
  let start = end;
  while (start > 0 && end - start < 8 && /[a-z]/i.test(text[start - 1])) start--;
  return text.slice(start, end).toLowerCase();
}

function trimmed(text: string, { start, end }: Sentence): Sentence {
  let [from, to] = [start, end];
  while (from < to && /[\s;,]/.test(text[from])) from++;
  while (to > from && /[\s;,]/.test(text[to - 1])) to--;
  return { start: from, end: to };
}
