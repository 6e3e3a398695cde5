import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { WardstreamError } from '../errors.js';
import { unit } from '../events/encoding.js';
import type { EncodersConfig } from '../settings/encoders.js';
import { openSession } from './onnx-session.js';
import { newestShipped, SHIPPED } from './shipped.js';
import { verifiedFile } from './verified-file.js';

/** A network that looks at one chest radiograph. */
export interface ImageNetwork {
  readonly name: string;
  /** What its finding is of. */
  readonly label: string;
  /** What limits its finding, for people. */
  readonly caution?: string;
  /** Floats of an embedding. */
  readonly size: number;
  /** Width and height of its input. */
  readonly inputSize: number;
  /** `pixels` [inputSize, inputSize], 0 black to 1 white. The finding is a probability. */
  run(pixels: Float32Array): Promise<{ embedding: Float32Array; finding: number }>;
  close(): Promise<void>;
}

/** config.json of a folder of models/imaging. */
export const shippedConfigSchema = z.object({
  version: z.string(),
  /** What the probability is of. */
  finding: z.string(),
  /** What limits the finding, for people. */
  caution: z.string().optional(),
  sha256: z.string(),
  inputSize: z.number().int().positive(),
  embedding: z.number().int().positive(),
  /** What tells frontal chest radiographs from other pictures: those that score less than `threshold` are none. */
  domain: z.object({
    sha256: z.string(),
    inputSize: z.number().int().positive(),
    threshold: z.number(),
  }),
});

/** @throws WardstreamError `WS_MODEL` where the configured network cannot be used. */
export async function openImageNetwork(config: EncodersConfig): Promise<ImageNetwork> {
  return config.image.kind === 'custom'
    ? openCustom(config.image, config.cacheDirectory)
    : openShippedNetwork();
}

/** The newest network of models/imaging. */
export async function openShippedNetwork(directory: string = SHIPPED): Promise<ImageNetwork> {
  const { graph, config } = newestShipped(directory, shippedConfigSchema);
  const session = await openSession(graph, ['pixels'], ['embedding', 'probability']);
  const { inputSize, embedding: size, caution } = config;
  return networkOf(session, {
    name: `imaging-${config.version}`,
    label: config.finding,
    ...(caution === undefined ? {} : { caution }),
    size,
    inputSize,
    range: [0, 1],
    embedding: 'embedding',
    finding: { output: 'probability', index: 0 },
    isUnit: false,
  });
}

type CustomImage = Extract<EncodersConfig['image'], { kind: 'custom' }>;

async function openCustom(config: CustomImage, cacheDirectory: string | undefined): Promise<ImageNetwork> {
  const { name, model, inputSize, inputRange, embedding, finding } = config;
  const file = await verifiedFile(model, cacheDirectory);
  const session = await openSession(file, [], [embedding, finding.output]);
  const options = {
    name,
    label: finding.label,
    inputSize,
    range: inputRange,
    embedding,
    finding,
    isUnit: true,
  };
  // One look at a grey picture tells the size of the embedding, and whether the graph takes what it is given.
  const probe = networkOf(session, { ...options, size: 0 });
  try {
    const { embedding: vector } = await probe.run(new Float32Array(inputSize * inputSize).fill(0.5));
    return networkOf(session, { ...options, size: vector.length });
  } catch (error) {
    await session.release();
    throw new WardstreamError('WS_MODEL', `${file} cannot be used as configured: ${String(error)}`, {
      cause: error,
    });
  }
}

interface NetworkOptions {
  readonly name: string;
  readonly label: string;
  readonly caution?: string;
  readonly size: number;
  readonly inputSize: number;
  /** What black and white are in the input. */
  readonly range: readonly [low: number, high: number];
  readonly embedding: string;
  readonly finding: { readonly output: string; readonly index: number };
  /** The embedding is brought to length 1. */
  readonly isUnit: boolean;
}

function networkOf(session: InferenceSession, options: NetworkOptions): ImageNetwork {
  const { name, label, caution, size, inputSize, range, isUnit } = options;
  const [low, high] = range;
  const [input] = session.inputNames;
  return {
    name,
    label,
    ...(caution === undefined ? {} : { caution }),
    size,
    inputSize,
    async run(pixels) {
      const scaled = Float32Array.from(pixels, (grey) => low + grey * (high - low));
      const outputs = await session.run({
        [input]: new Tensor('float32', scaled, [1, 1, inputSize, inputSize]),
      });
      const embedding = outputs[options.embedding].data as Float32Array;
      const finding = Number(outputs[options.finding.output].data[options.finding.index]);
      if (!(finding >= 0 && finding <= 1)) {
        throw new Error(`${options.finding.output}[${options.finding.index}] is ${finding}, no probability`);
      }
      return { embedding: isUnit ? unit(embedding) : embedding, finding };
    },
    close: () => session.release(),
  };
}
