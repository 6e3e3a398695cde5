import { InferenceSession, Tensor } from 'onnxruntime-node';
import { WardstreamError } from '../errors.js';
import type { GraphShape, InferenceRuntime, StepInput, StepOutput } from './runtime.js';

/**
 * The step graph on ONNX Runtime's cpu provider.
 * @throws WardstreamError `WS_MODEL` where the file is no usable graph.
 */
export async function openOnnxRuntime(
  file: string,
  shape: GraphShape,
  threads: number,
): Promise<InferenceRuntime> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    });
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is not a model ONNX Runtime can load: ${String(error)}`, {
      cause: error,
    });
  }
  const { features, layers, slots, width } = shape;
  return {
    name: 'onnx/cpu',
    async run({ rows, x, k, v, age }: StepInput): Promise<StepOutput> {
      const cache = [rows, layers, slots, width];
      const cells = rows * layers * slots * width;
      const outputs = await session.run({
        x: new Tensor('float32', x.subarray(0, rows * features), [rows, features]),
        k: new Tensor('float32', k.subarray(0, cells), cache),
        v: new Tensor('float32', v.subarray(0, cells), cache),
        age: new Tensor('int32', age.subarray(0, rows * slots), [rows, slots]),
      });
      return {
        logit: outputs.logit.data as Float32Array,
        newK: outputs.newK.data as Float32Array,
        newV: outputs.newV.data as Float32Array,
      };
    },
    async close() {
      await session.release();
    },
  };
}
