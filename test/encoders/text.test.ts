import { describe, expect, it } from 'vitest';
import type { SentenceEncoder } from '../../src/encoders/sentence-encoder.js';
import { NoteEncoder, newSentenceCache } from '../../src/encoders/text.js';
import { openUse } from '../../src/encoders/use.js';
import { EMBEDDING_UNIT } from '../../src/events/encoding.js';

/** An encoder whose vectors are known: [length of the sentence, 1], and a record of what it was asked. */
function counting(): SentenceEncoder & { asked: string[] } {
  const asked: string[] = [];
  return {
    name: 'counting',
    size: 2,
    asked,
    async embed(sentence) {
      asked.push(sentence);
      if (sentence.includes('break')) throw new Error('it broke');
      return Float32Array.of(sentence.length, 1);
    },
    close: async () => undefined,
  };
}
const en = (text: string) => ({ text, language: 'en' });

describe('NoteEncoder', () => {
  it('gives the direction of the mean of the directions of its distinct sentences', async () => {
    const { embedding, flags } = await new NoteEncoder(counting()).encode(en('abc. abc. abcde.'));
    const [first, second] = [Math.hypot(3, 1), Math.hypot(5, 1)];
    const sum = [3 / first + 5 / second, 1 / first + 1 / second];
    [...(embedding ?? [])].forEach((value, index) => {
      expect(value / EMBEDDING_UNIT).toBeCloseTo(sum[index] / Math.hypot(...sum), 4);
    });
    expect(embedding?.length).toBe(2);
    expect(flags).toEqual([]);
  });

  it('encodes a sentence once while it is remembered, and remembers no more than its bound', async () => {
    const sentences = counting();
    const encoder = new NoteEncoder(sentences, newSentenceCache(2));
    await encoder.encode(en('one. two.'));
    await encoder.encode(en('two. one.'));
    expect(sentences.asked).toEqual(['one', 'two']);
    await encoder.encode(en('three.'));
    await encoder.encode(en('two.'));
    expect(sentences.asked).toEqual(['one', 'two', 'three', 'two']);
    expect(encoder.counts).toEqual({ sentences: 6, cached: 2 });
  });

  it('flags what it cannot use, and why', async () => {
    const encoder = new NoteEncoder(counting());
    const flagged = async (text: string, language = 'en') => {
      const { embedding, flags, detail } = await encoder.encode({ text, language });
      return [embedding === null, ...flags, detail];
    };
    expect(await flagged('…?! -- ')).toEqual([true, 'no-text', 'the note has no word in it']);
    expect(await flagged('Stabil.', 'de')).toEqual([
      true,
      'other-language',
      'the note is in de; the encoder knows English',
    ]);
    expect(await flagged('this will break.')).toEqual([true, 'encoder-failed', 'Error: it broke']);
    const [isNull, flag] = await flagged('A note without an end '.repeat(2000));
    expect([isNull, flag]).toEqual([false, 'shortened']);
  });

  it('asks again for a sentence that failed', async () => {
    const sentences = counting();
    const encoder = new NoteEncoder(sentences);
    await encoder.encode(en('break.'));
    await encoder.encode(en('break.'));
    expect(sentences.asked).toEqual(['break', 'break']);
  });

  it('with the shipped weights: alike notes are closer than unlike ones, and order or company change nothing', async () => {
    const encoder = new NoteEncoder(openUse());
    const again = new NoteEncoder(openUse());
    try {
      const texts = [
        'Intubated, on norepinephrine.',
        'Rising lactate, concern for sepsis.',
        'Ambulating in the hallway.',
      ];
      const [sick, alike, well] = await Promise.all(texts.map((text) => encoder.encode(en(text))));
      const cosine = (a: Int16Array, b: Int16Array) =>
        a.reduce((sum, value, index) => sum + value * b[index], 0) / EMBEDDING_UNIT ** 2;
      const embedding = sick.embedding as Int16Array;
      expect(embedding.length).toBe(512);
      expect(cosine(embedding, embedding)).toBeCloseTo(1, 3);
      expect(cosine(embedding, alike.embedding as Int16Array)).toBeGreaterThan(
        cosine(embedding, well.embedding as Int16Array),
      );
      expect((await again.encode(en(texts[0]))).embedding).toEqual(embedding);
    } finally {
      await encoder.close();
      await again.close();
    }
  });
});
