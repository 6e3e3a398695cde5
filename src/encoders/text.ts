import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Encoding, type EncodingFlag, quantise, unusable } from './encoding.js';
import { otherLanguage } from './language.js';
import type { SentenceEncoder } from './sentence-encoder.js';
import { splitSentences } from './sentences.js';

/** Sentences whose embeddings are kept: 16 MB of 512 floats each. */
const CACHE_SENTENCES = 8192;

/** What of a note matters to its encoding. */
export interface NoteText {
  readonly text: string;
  /** BCP 47 tag. */
  readonly language: string;
}

/**
 * Encodes notes: the mean of the embeddings of a note's distinct sentences, at length 1. Embeddings of sentences are
 * cached by the hash of their text. Never throws: what cannot be encoded is flagged.
 */
export class NoteEncoder {
  readonly #sentences: SentenceEncoder;
  readonly #cache: LRUCache<string, Promise<Float32Array>>;
  /** Sentences asked for and found in the cache, since the start. */
  readonly counts = { sentences: 0, cached: 0 };

  constructor(sentences: SentenceEncoder, cacheSentences = CACHE_SENTENCES) {
    this.#sentences = sentences;
    this.#cache = new LRUCache({ max: cacheSentences });
  }

  get name(): string {
    return this.#sentences.name;
  }

  get size(): number {
    return this.#sentences.size;
  }

  async encode({ text, language }: NoteText): Promise<Encoding> {
    const other = otherLanguage(text, language);
    if (other !== null)
      return unusable('other-language', `the note is in ${other}; the encoder knows English`);
    const { sentences, isShortened } = splitSentences(text);
    if (sentences.length === 0) return unusable('no-text', 'the note has no word in it');
    const flags: EncodingFlag[] = isShortened ? ['shortened'] : [];
    const detail = isShortened ? `of ${text.length} characters, ${sentences.length} sentences were read` : '';
    try {
      const embeddings = await Promise.all(sentences.map((sentence) => this.#embed(sentence)));
      return { embedding: quantise(meanDirection(embeddings)), finding: null, flags, detail };
    } catch (error) {
      return unusable('encoder-failed', String(error));
    }
  }

  close(): Promise<void> {
    return this.#sentences.close();
  }

  #embed(sentence: string): Promise<Float32Array> {
    const key = createHash('sha256').update(sentence).digest('base64');
    this.counts.sentences++;
    const known = this.#cache.get(key);
    if (known !== undefined) {
      this.counts.cached++;
      return known;
    }
    const embedding = this.#sentences.embed(sentence);
    this.#cache.set(key, embedding);
    embedding.catch(() => this.#cache.delete(key));
    return embedding;
  }
}

/** The mean of vectors, scaled to length 1; nothing but zeros stays so. */
function meanDirection(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float64Array(vectors[0].length);
  for (const vector of vectors) for (let index = 0; index < sum.length; index++) sum[index] += vector[index];
  const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  return Float32Array.from(sum, (value) => (length === 0 ? 0 : value / length));
}
