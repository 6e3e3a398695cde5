import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MODEL_OUTPUTS } from '../contract/outcomes.js';
import { WardstreamError } from '../errors.js';
import { encoderConfigSchema, FeatureEncoder } from '../features/encoder.js';
import type { GraphShape } from './runtime.js';
import { latestModel, listModels, releaseShape, SHIPPED } from './versions.js';

const modelConfigSchema = z.object({
  version: z.string(),
  steps: z.number().int().positive(),
  stepMs: z.number().int().positive(),
  layers: z.number().int().positive(),
  width: z.number().int().positive(),
  sha256: z.string(),
  /** The same graph for ONNX Runtime's cpu, of operators that only it has; any other runtime takes model.onnx. */
  cpu: z.object({ file: z.string().regex(/^[\w.-]+$/), sha256: z.string() }).optional(),
  /** Columns of the graph's `logit`, in order. */
  outputs: z
    .array(z.enum(MODEL_OUTPUTS))
    .refine((names) => names.includes('mortality'), 'must have mortality')
    .refine((names) => new Set(names).size === names.length, 'must not name an output twice')
    .default(['mortality']),
  featureNames: z.array(z.string()),
  encoder: encoderConfigSchema,
  ...releaseShape,
});
export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** A model folder, verified: its files are what config.json says and its input is what the encoder makes. */
export interface Model {
  readonly config: ModelConfig;
  readonly directory: string;
  readonly encoder: FeatureEncoder;
  readonly shape: GraphShape;
}

/** @throws WardstreamError `WS_MODEL` saying what is missing or wrong and where. */
export function loadModel(version: string, directory = SHIPPED): Model {
  const name = version === 'latest' ? latestModel(directory) : version;
  const folder = join(directory, name ?? '');
  if (name === undefined || !existsSync(join(folder, 'config.json'))) {
    const known = listModels(directory).join(', ');
    const found = known === '' ? 'none' : name === undefined ? `only experimental ones, ${known}` : known;
    throw new WardstreamError('WS_MODEL', `there is no model ${version} in ${directory} (found: ${found})`);
  }
  const config = readConfig(join(folder, 'config.json'));
  const encoder = encoderOf(config);
  const differs = encoder.featureNames.findIndex((each, index) => each !== config.featureNames[index]);
  if (differs >= 0 || encoder.size !== config.featureNames.length) {
    const at =
      differs >= 0
        ? `feature ${differs} is ${config.featureNames[differs]}`
        : 'the number of features differs';
    throw new WardstreamError('WS_MODEL', `model ${config.version} was trained on other features: ${at}`);
  }
  requireGraph(join(folder, 'model.onnx'), config.sha256);
  if (config.cpu !== undefined) requireGraph(join(folder, config.cpu.file), config.cpu.sha256);
  const { layers, steps: slots, width, outputs } = config;
  const shape = { features: encoder.size, layers, slots, width, outputs };
  return { config, directory: folder, encoder, shape };
}

function requireGraph(file: string, wanted: string): void {
  if (!existsSync(file)) throw new WardstreamError('WS_MODEL', `${file} is missing`);
  if (createHash('sha256').update(readFileSync(file)).digest('hex') !== wanted) {
    throw new WardstreamError('WS_MODEL', `${file} is damaged: its sha256 is not the one in config.json`);
  }
}

function encoderOf({ version, encoder }: ModelConfig): FeatureEncoder {
  try {
    return new FeatureEncoder(encoder);
  } catch (error) {
    const { message } = error as Error;
    throw new WardstreamError('WS_MODEL', `model ${version} cannot be used: ${message}`, { cause: error });
  }
}

function readConfig(file: string): ModelConfig {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is not JSON`, { cause: error });
  }
  const result = modelConfigSchema.safeParse(data);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new WardstreamError('WS_MODEL', `${file} is wrong: ${faults}`);
}
