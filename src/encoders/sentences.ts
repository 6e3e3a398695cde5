/** Bounds of what is read of a note. */
export interface NoteBounds {
  /** Sentences encoded at most: half from the beginning, half from the end, where assessment and plan stand. */
  readonly maxSentences: number;
  /** Characters of a sentence; a longer one is cut between words into several. */
  readonly maxSentenceChars: number;
}

export const NOTE_BOUNDS: NoteBounds = { maxSentences: 32, maxSentenceChars: 160 };

export interface Sentences {
  /** Distinct sentences, in the order of the note. */
  readonly sentences: readonly string[];
  /** Not all of the note is in them. */
  readonly isShortened: boolean;
}

/** After a full stop, question or exclamation mark that ends a word; at semicolons and ends of lines. "1.5" stays whole. */
const BOUNDARY = /[.?!]+(?=\s|$)|[;\n\r]+/u;
const BLANK = /[\s\p{Cc}]+/gu;
const HAS_WORD = /[\p{L}\p{N}]/u;

/** Splits a note into sentences; takes time and memory bounded by `bounds`, whatever the length of the note. */
export function splitSentences(text: string, bounds: NoteBounds = NOTE_BOUNDS): Sentences {
  const { maxSentences, maxSentenceChars } = bounds;
  // Twice what can be encoded, so that repeats and blanks leave enough.
  const readable = 2 * maxSentences * maxSentenceChars;
  const isLong = text.length > readable;
  const parts = isLong ? [text.slice(0, readable / 2), text.slice(-readable / 2)] : [text];
  const distinct = new Set<string>();
  for (const part of parts) {
    for (const raw of part.split(BOUNDARY)) {
      const sentence = raw.replace(BLANK, ' ').trim();
      if (HAS_WORD.test(sentence))
        for (const piece of pieces(sentence, maxSentenceChars)) distinct.add(piece);
    }
  }
  const all = [...distinct];
  if (all.length <= maxSentences) return { sentences: all, isShortened: isLong };
  const half = Math.floor(maxSentences / 2);
  return { sentences: [...all.slice(0, maxSentences - half), ...all.slice(-half)], isShortened: true };
}

/** Pieces of at most `length` characters, cut between words where there are any. */
function pieces(sentence: string, length: number): string[] {
  const out: string[] = [];
  let rest = sentence;
  while (rest.length > length) {
    const space = rest.lastIndexOf(' ', length);
    const cut = space > length / 2 ? space : length;
    out.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  if (rest !== '') out.push(rest);
  return out;
}
