import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { WardstreamError } from '../errors.js';
import type { EncodersConfig } from '../settings/encoders.js';
import { openSession } from './onnx-session.js';
import type { SentenceEncoder } from './sentence-encoder.js';
import { verifiedFile } from './verified-file.js';

type CustomText = Extract<EncodersConfig['text'], { kind: 'custom' }>;

const POOLED = 'sentence_embedding';
const HIDDEN = 'last_hidden_state';

/**
 * A sentence encoder from an ONNX graph and a Hugging Face tokenizer.json, such as a clinical BERT. Runs a sentence at a
 * time.
 * @throws WardstreamError `WS_MODEL` where graph or tokenizer cannot be used.
 */
export async function openOnnxSentenceEncoder(
  config: CustomText,
  cacheDirectory: string | undefined,
): Promise<SentenceEncoder> {
  const { name, model, maxTokens, pooling } = config;
  const tokenizer = readTokenizer(await verifiedFile(config.tokenizer, cacheDirectory));
  const file = await verifiedFile(model, cacheDirectory);
  const session = await openSession(file, ['input_ids', 'attention_mask'], []);
  const embed = async (sentence: string): Promise<Float32Array> => {
    const encoded = tokenizer.encode(sentence);
    const ids = shortened(encoded.ids, maxTokens);
    return pool(await session.run(inputsOf(session, ids)), ids.length, pooling);
  };
  try {
    // Tells the size of an embedding, and whether the graph takes what it is given.
    const { length: size } = await embed('stable');
    return { name, size, embed, close: () => session.release() };
  } catch (error) {
    await session.release();
    throw new WardstreamError('WS_MODEL', `${file} cannot be used as a sentence encoder: ${String(error)}`, {
      cause: error,
    });
  }
}

function readTokenizer(file: string): Tokenizer {
  try {
    return new Tokenizer(JSON.parse(readFileSync(file, 'utf8')), {});
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is no tokenizer.json that can be used: ${String(error)}`, {
      cause: error,
    });
  }
}

/** The first tokens with the last one, which ends the sentence. */
function shortened(ids: readonly number[], maxTokens: number): readonly number[] {
  return ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), ids[ids.length - 1]];
}

function inputsOf(session: InferenceSession, ids: readonly number[]): Record<string, Tensor> {
  const shape = [1, ids.length];
  const row = (values: Iterable<number>) => BigInt64Array.from(values, BigInt);
  const inputs: Record<string, Tensor> = {
    input_ids: new Tensor('int64', row(ids), shape),
    attention_mask: new Tensor('int64', row(ids.map(() => 1)), shape),
  };
  if (session.inputNames.includes('token_type_ids')) {
    inputs.token_type_ids = new Tensor('int64', row(ids.map(() => 0)), shape);
  }
  return inputs;
}

/** The sentence's vector: the graph's own, or the mean of its tokens' vectors [1, tokens, size], or the first one. */
function pool(
  outputs: Readonly<Record<string, { readonly data: unknown }>>,
  tokens: number,
  pooling: CustomText['pooling'],
): Float32Array {
  const own = outputs[POOLED];
  if (own !== undefined) return Float32Array.from(own.data as Float32Array);
  const hidden = outputs[HIDDEN]?.data as Float32Array | undefined;
  if (hidden === undefined) throw new Error(`the graph gives neither ${POOLED} nor ${HIDDEN}`);
  const size = hidden.length / tokens;
  if (pooling === 'cls') return hidden.slice(0, size);
  const mean = new Float32Array(size);
  for (let at = 0; at < hidden.length; at++) mean[at % size] += hidden[at] / tokens;
  return mean;
}
