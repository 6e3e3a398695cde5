import { Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { dequantise } from './encoding.js';
import { openSession } from './onnx-session.js';
import { newestShipped, SHIPPED } from './shipped.js';

/** Tells from the sentences of a note what it says of each variable. The same note gives the same numbers, bit for bit. */
export interface NoteReader {
  readonly name: string;
  /** Numbers of a reading: of each variable a standardised value as a share of five, then of each how sure it is. */
  readonly size: number;
  /** The reading of one note, within −1 to 1; `sentences` are kept embeddings, at least one. */
  read(sentences: readonly Int16Array[]): Promise<Float32Array>;
  close(): Promise<void>;
}

const configSchema = z.object({
  version: z.string(),
  sha256: z.string(),
  /** Floats of a sentence. */
  embedding: z.number().int().positive(),
  /** Ids, in the order of the reading. */
  variables: z.array(z.string()).min(1),
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
      sentences.forEach((sentence, row) => {
        dequantise(sentence, rows, row * config.embedding);
      });
      const input = new Tensor('float32', rows, [sentences.length, config.embedding]);
      const { reading } = await session.run({ sentences: input });
      return reading.data as Float32Array;
    },
    close: () => session.release(),
  };
}
