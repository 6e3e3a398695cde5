import { Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { CLIP, type Scaling, scalingSchema, standardise } from '../clinical/standardise.js';
import { dequantise } from '../events/encoding.js';
import { openSession } from './onnx-session.js';
import { newestShipped, SHIPPED } from './shipped.js';
import { statedValues } from './stated-values.js';

export interface EmbeddedSentence {
  readonly text: string;
  /** As it is kept (`quantise`). */
  readonly embedding: Int16Array;
}

/** Tells from the sentences of a note what it says of each variable. The same note gives the same numbers, bit for bit. */
export interface NoteReader {
  readonly name: string;
  /** Numbers of a reading: of each variable a standardised value as a share of five, then of each how sure it is. */
  readonly size: number;
  /** The reading of one note, of at least one sentence, within −1 to 1. */
  read(sentences: readonly EmbeddedSentence[]): Promise<Float32Array>;
  close(): Promise<void>;
}

const configSchema = z.object({
  version: z.string(),
  sha256: z.string(),
  /** Floats of a sentence. */
  embedding: z.number().int().positive(),
  /** In the order of the reading. */
  variables: z.array(scalingSchema).min(1),
});

/** The newest reader of models/text, of sentences of the encoder that comes with the package. */
export async function openShippedReader(directory: string = SHIPPED.text): Promise<NoteReader> {
  const { graph, config } = newestShipped('text', directory, configSchema);
  const session = await openSession(graph, ['sentences'], ['reading']);
  return {
    name: `reader-${config.version}`,
    size: 2 * config.variables.length,
    async read(sentences) {
      const rows = new Float32Array(sentences.length * config.embedding);
      sentences.forEach(({ embedding }, row) => {
        dequantise(embedding, rows, row * config.embedding);
      });
      const input = new Tensor('float32', rows, [sentences.length, config.embedding]);
      const { reading } = await session.run({ sentences: input });
      return withStated(reading.data as Float32Array, sentences, config.variables);
    },
    close: () => session.release(),
  };
}

/** A reading with what the sentences state as numbers in place of what was read of them; of two numbers the later one. */
function withStated(
  reading: Float32Array,
  sentences: readonly EmbeddedSentence[],
  variables: readonly Scaling[],
): Float32Array {
  for (const { text } of sentences) {
    for (const [ids, value] of statedValues(text)) {
      variables.forEach((scaling, place) => {
        if (!ids.includes(scaling.id)) return;
        reading[place] = standardise(scaling, value) / CLIP;
        reading[variables.length + place] = 1;
      });
    }
  }
  return reading;
}
