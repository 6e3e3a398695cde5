import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Encoding, type EncodingFlag, quantise, unit, unusable } from '../events/encoding.js';
import { otherLanguage } from './language.js';
import type { SentenceEncoder } from './sentence-encoder.js';
import { splitSentences } from './sentences.js';

/** Sentences whose embeddings are kept, 1 KB each: an hour or two of a ward's notes, for repeats and copied text. */
const CACHE_SENTENCES = 512;

/** Embeddings of sentences, by hash of their text; of one encoder. */
export type SentenceCache = LRUCache<string, Promise<Int16Array>>;

export function newSentenceCache(max = CACHE_SENTENCES): SentenceCache {
  return new LRUCache({ max });
}

/** What of a note matters to its encoding. */
export interface NoteText {
  readonly text: string;
  /** BCP 47 tag. */
  readonly language: string;
}

/**
 * Encodes notes: the mean of the embeddings of a note's distinct sentences, each and the whole at length 1. Embeddings of
 * sentences are cached by the hash of their text. Never throws: what cannot be encoded is flagged.
 */
export class NoteEncoder {
  readonly #sentences: SentenceEncoder;
  readonly #cache: SentenceCache;
  /** Sentences asked for and found in the cache, since the start. */
  readonly counts = { sentences: 0, cached: 0 };

  constructor(sentences: SentenceEncoder, cache = newSentenceCache()) {
    this.#sentences = sentences;
    this.#cache = cache;
  }

  get name(): string {
    return this.#sentences.name;
  }

  get size(): number {
    return this.#sentences.size;
  }

  async encode({ text, language }: NoteText): Promise<Encoding> {
    const other = await otherLanguage(text, language);
    if (other !== null)
      return unusable('other-language', `the note is in ${other}; the encoder knows English`);
    const { sentences, isShortened } = splitSentences(text);
    if (sentences.length === 0) return unusable('no-text', 'the note has no word in it');
    const flags: EncodingFlag[] = isShortened ? ['shortened'] : [];
    const detail = isShortened ? `of ${text.length} characters, ${sentences.length} sentences were read` : '';
    try {
      const embeddings = await Promise.all(sentences.map((sentence) => this.#embed(sentence)));
      return { embedding: quantise(meanOf(embeddings)), finding: null, flags, detail };
    } catch (error) {
      return unusable('encoder-failed', String(error));
    }
  }

  async close(): Promise<void> {
    await this.#sentences.close();
  }

  #embed(sentence: string): Promise<Int16Array> {
    const key = createHash('sha256').update(sentence).digest('base64');
    this.counts.sentences++;
    const known = this.#cache.get(key);
    if (known !== undefined) {
      this.counts.cached++;
      return known;
    }
    const embedding = this.#sentences.embed(sentence).then((vector) => quantise(unit(vector)));
    this.#cache.set(key, embedding);
    embedding.catch(() => this.#cache.delete(key));
    return embedding;
  }
}

/** The mean of embeddings, at length 1. */
function meanOf(embeddings: readonly Int16Array[]): Float32Array {
  const sum = new Float64Array(embeddings[0].length);
  for (const each of embeddings) for (let index = 0; index < sum.length; index++) sum[index] += each[index];
  return unit(sum);
}
