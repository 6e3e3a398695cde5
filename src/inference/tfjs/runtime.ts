import { createRequire } from 'node:module';
import { setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { WardstreamError } from '../../errors.js';
import { readOnnxFile } from '../onnx-file.js';
import type { GraphShape, InferenceRuntime, StepInput, StepOutput } from '../runtime.js';
import { TfjsGraph } from './graph.js';

/** TensorFlow.js backends: the package that registers each, and what it registers it as. */
const BACKENDS = {
  'node-gpu': { packageName: '@tensorflow/tfjs-node-gpu', registered: 'tensorflow' },
  node: { packageName: '@tensorflow/tfjs-node', registered: 'tensorflow' },
  wasm: { packageName: '@tensorflow/tfjs-backend-wasm', registered: 'wasm' },
} as const;
/** Two of them are optional: they are looked for when they are asked for. */
const require = createRequire(import.meta.url);
export type TfjsBackend = keyof typeof BACKENDS;

/**
 * The step graph on TensorFlow.js, from the same ONNX file.
 * @throws WardstreamError `WS_MODEL` where the graph cannot run there, `WS_RUNTIME` where the backend is not installed.
 */
export async function openTfjsRuntime(
  file: string,
  shape: GraphShape,
  backend: TfjsBackend,
): Promise<InferenceRuntime> {
  const { packageName, registered } = BACKENDS[backend];
  try {
    require(packageName);
  } catch (error) {
    const isMissing = (error as { code?: string }).code === 'MODULE_NOT_FOUND';
    const why = isMissing ? 'is not installed' : `does not load: ${String(error)}`;
    throw new WardstreamError('WS_RUNTIME', `${packageName} ${why}`, { cause: error });
  }
  await use(registered, packageName);
  const graph = new TfjsGraph(readOnnxFile(file), file);
  const { features, layers, slots, width } = shape;
  return {
    name: `tfjs/${backend}`,
    async run({ rows, x, k, v, age }: StepInput): Promise<StepOutput> {
      await use(registered, packageName);
      const cells = rows * layers * slots * width;
      const cache = [rows, layers, slots, width];
      const inputs = {
        x: tensor(x.subarray(0, rows * features), [rows, features]),
        k: tensor(k.subarray(0, cells), cache),
        v: tensor(v.subarray(0, cells), cache),
        age: tensor(age.subarray(0, rows * slots), [rows, slots], 'int32'),
      };
      let outputs: Record<string, Tensor> = {};
      try {
        outputs = graph.run(inputs, rows);
        const [logit, newK, newV] = await Promise.all(
          [outputs.logit, outputs.newK, outputs.newV].map((each) => each.data<'float32'>()),
        );
        return { logit, newK, newV };
      } finally {
        for (const each of [...Object.values(inputs), ...Object.values(outputs)]) each.dispose();
      }
    },
    async close() {
      graph.dispose();
    },
  };
}

/** TensorFlow.js has one backend at a time in a process. */
async function use(registered: string, packageName: string): Promise<void> {
  if (await setBackend(registered)) return;
  throw new WardstreamError('WS_RUNTIME', `${packageName} cannot be used on this machine`);
}
