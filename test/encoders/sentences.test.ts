import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitSentences } from '../../src/encoders/sentences.js';

describe('splitSentences', () => {
  it('splits at ends of sentences, semicolons and lines, and leaves numbers whole', () => {
    const { sentences, isShortened } = splitSentences(
      'Cr 1.5, lact 2.4. Stable!  P: CXR; ABG\n? septic shock. ... \n',
    );
    expect(sentences).toEqual(['Cr 1.5, lact 2.4', 'Stable', 'P: CXR', 'ABG', 'septic shock']);
    expect(isShortened).toBe(false);
  });

  it('says a repeated sentence once: copied-forward notes weigh no more', () => {
    expect(splitSentences('Stable. Stable. No change. Stable.').sentences).toEqual(['Stable', 'No change']);
  });

  it('keeps beginning and end of a note that is too long, and says that it was shortened', () => {
    const text = Array.from({ length: 1000 }, (_, index) => `Finding ${index} noted today.`).join(' ');
    const { sentences, isShortened } = splitSentences(text, { maxSentences: 4, maxSentenceChars: 40 });
    expect([sentences[0], sentences[3], sentences.length]).toEqual([
      'Finding 0 noted today',
      'Finding 999 noted today',
      4,
    ]);
    expect(isShortened).toBe(true);
  });

  it('cuts what has no end between words, and a word without end anywhere', () => {
    const bounds = { maxSentences: 8, maxSentenceChars: 10 };
    expect(splitSentences('alpha beta gamma', bounds).sentences).toEqual(['alpha beta', 'gamma']);
    expect(splitSentences('x'.repeat(25), bounds).sentences).toEqual(['x'.repeat(10), 'x'.repeat(5)]);
  });

  it('is bounded whatever the text, and makes no sentence without a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        const { sentences } = splitSentences(text, { maxSentences: 5, maxSentenceChars: 20 });
        expect(sentences.length).toBeLessThanOrEqual(5);
        for (const sentence of sentences) {
          expect(sentence.length).toBeLessThanOrEqual(20);
          expect(sentence.trim()).not.toBe('');
        }
      }),
    );
  });

  it('reads only the ends of a megabyte', () => {
    const text = `Intubated. ${'a '.repeat(500_000)}. Dying.`;
    const { sentences, isShortened } = splitSentences(text);
    expect(sentences[0]).toBe('Intubated');
    expect(sentences.at(-1)).toBe('Dying');
    expect(sentences.length).toBeLessThanOrEqual(32);
    expect(isShortened).toBe(true);
  });
});
