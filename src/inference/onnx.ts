import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { WardstreamError } from '../errors.js';
import type { GraphShape, InferenceRuntime, StepInput, StepOutput } from './runtime.js';

export type OnnxProvider = 'cpu' | 'webgpu' | 'cuda';

// What goes wrong is thrown; ONNX Runtime would print it too, and which node runs where.
env.logLevel = 'fatal';
const LOG_FATAL = 4;
const NEEDS = {
  webgpu: 'it needs a GPU with a Vulkan, Metal or Direct3D 12 driver',
  cuda: 'it needs an NVIDIA GPU, CUDA 12, and ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
};

/**
 * The step graph on one of ONNX Runtime's execution providers.
 * @throws WardstreamError `WS_MODEL` where the file is no usable graph, `WS_RUNTIME` where the provider is not usable here.
 */
export async function openOnnxRuntime(
  file: string,
  shape: GraphShape,
  provider: OnnxProvider,
  threads: number,
): Promise<InferenceRuntime> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(file, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: LOG_FATAL,
    });
  } catch (error) {
    if (provider !== 'cpu') {
      const reason = reasonOf(error);
      throw new WardstreamError(
        'WS_RUNTIME',
        `ONNX Runtime has no usable ${provider} here (${reason}); ${NEEDS[provider]}`,
        {
          cause: error,
        },
      );
    }
    throw new WardstreamError('WS_MODEL', `${file} is not a model ONNX Runtime can load: ${String(error)}`, {
      cause: error,
    });
  }
  const { features, layers, slots, width } = shape;
  try {
    requireShapes(session, shape, file);
  } catch (error) {
    await session.release();
    throw error;
  }
  return {
    name: `onnx/${provider}`,
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

/** @throws WardstreamError `WS_MODEL` where the graph takes or gives other shapes than config.json says. */
function requireShapes(session: InferenceSession, shape: GraphShape, file: string): void {
  const { features, layers, slots, width, outputs } = shape;
  const cache = [layers, slots, width];
  const inputs: [string, number[]][] = [
    ['x', [features]],
    ['k', cache],
    ['v', cache],
    ['age', [slots]],
  ];
  const results: [string, number[]][] = [
    ['logit', [outputs.length]],
    ['newK', [layers, width]],
    ['newV', [layers, width]],
  ];
  const check = (
    all: readonly InferenceSession.ValueMetadata[],
    wanted: [string, number[]][],
    what: string,
  ) => {
    for (const [name, sizes] of wanted) {
      const found = all.find((each) => each.name === name);
      if (found === undefined) throw new WardstreamError('WS_MODEL', `${file} has no ${what} ${name}`);
      if (!found.isTensor || matches(found.shape, sizes)) continue;
      const [is, should] = [found.shape, ['rows', ...sizes]].map((each) => `[${each.join(', ')}]`);
      throw new WardstreamError(
        'WS_MODEL',
        `${file}: ${what} ${name} is ${is}, but config.json makes it ${should}`,
      );
    }
  };
  check(session.inputMetadata, inputs, 'input');
  check(session.outputMetadata, results, 'output');
}

/** Sizes after the rows; those the graph names instead of numbering fit anything, and a single column may be left out. */
function matches([, ...found]: readonly (number | string)[], wanted: readonly number[]): boolean {
  const isLeftOut = found.length === 0 && wanted.length === 1 && wanted[0] === 1;
  return (
    isLeftOut ||
    (found.length === wanted.length &&
      found.every((size, at) => typeof size === 'string' || size === wanted[at]))
  );
}

/** The last clause of ONNX Runtime's long messages says what is wrong. */
function reasonOf(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).trim();
  return text.slice(text.lastIndexOf(' was false. ') + 1).replace(/^was false\. /, '');
}
