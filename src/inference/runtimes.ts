import { join } from 'node:path';
import { WardstreamError } from '../errors.js';
import { requireInstalled } from '../optional-packages.js';
import type { RuntimeConfig } from '../settings/config.js';
import { FallbackRuntime } from './fallback.js';
import type { Model } from './model.js';
import { type OnnxProvider, openOnnxRuntime } from './onnx.js';
import type { InferenceRuntime } from './runtime.js';
import type { TfjsBackend } from './tfjs/runtime.js';
import { requireGolden } from './verify.js';

/** All there are, as `kind/provider` or `kind/backend`. */
export const RUNTIMES = [
  'onnx/cpu',
  'onnx/webgpu',
  'onnx/cuda',
  'tfjs/node-gpu',
  'tfjs/node',
  'tfjs/wasm',
] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** What every deployment has: the one others fall back to. */
const RESERVE = 'onnx/cpu' satisfies RuntimeName;
/** TensorFlow.js backends in the order in which they are tried. */
const TFJS_ORDER: readonly RuntimeName[] = ['tfjs/node-gpu', 'tfjs/node', 'tfjs/wasm'];
/** A GPU that does not answer a batch for this long is given up. Shaders are compiled before, by the golden check. */
const RUN_TIMEOUT_MS = 30_000;
const TRIAL_ROWS = 64;
const TRIALS = 3;

export interface RuntimeOptions {
  readonly runtime: RuntimeConfig;
  /** Threads ONNX Runtime may use within an operator. */
  readonly threads: number;
  /** Told where a runtime fails and another takes over. */
  readonly onFallback?: ((message: string) => void) | undefined;
}

/** A runtime that can serve the model here, and how it does; or why not. */
export type RuntimeFinding =
  | {
      readonly name: RuntimeName;
      readonly usable: true;
      /** Largest difference from golden.json. */
      readonly maxAbsDiff: number;
      /** Rows a second, in batches of 64; 0 where it was not timed. */
      readonly rowsPerSecond: number;
    }
  | {
      readonly name: RuntimeName;
      readonly usable: false;
      readonly reason: string;
      /** The model is at fault, not the machine. */
      readonly isFault: boolean;
    };

/**
 * Opens the model's step graph on the configured runtime, held to golden.json; `auto` takes the one that is fastest here
 * and now. Any but ONNX Runtime's cpu falls back to that when it fails.
 * @throws WardstreamError `WS_MODEL` where the model cannot serve, `WS_RUNTIME` where the runtime cannot be used here.
 */
export async function openRuntime(model: Model, options: RuntimeOptions): Promise<InferenceRuntime> {
  const { runtime: config, threads, onFallback = (message) => process.emitWarning(message) } = options;
  const runtime = await openConfigured(model, config, threads);
  if (runtime.name === RESERVE) return runtime;
  const reserve = await open(model, RESERVE, threads);
  return new FallbackRuntime(runtime, reserve, { timeoutMs: RUN_TIMEOUT_MS, onFallback });
}

/** Looks at every runtime: whether it serves the model here, how exactly and, where asked, how fast. */
export async function tryRuntimes(
  model: Model,
  { threads, isTimed }: { readonly threads: number; readonly isTimed: boolean },
): Promise<RuntimeFinding[]> {
  const findings: RuntimeFinding[] = [];
  for (const name of RUNTIMES) {
    let runtime: InferenceRuntime | undefined;
    try {
      runtime = await openUnchecked(model, name, threads);
      const maxAbsDiff = await requireGolden(model, runtime);
      const rowsPerSecond = isTimed ? await speedOf(model, runtime) : 0;
      findings.push({ name, usable: true, maxAbsDiff, rowsPerSecond });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isFault = !(error instanceof WardstreamError && error.code === 'WS_RUNTIME');
      findings.push({ name, usable: false, reason, isFault });
    }
    await runtime?.close();
  }
  return findings;
}

async function openConfigured(
  model: Model,
  config: RuntimeConfig,
  threads: number,
): Promise<InferenceRuntime> {
  switch (config.kind) {
    case 'onnx':
      return open(model, `onnx/${config.provider}`, threads);
    case 'tfjs':
      if (config.backend !== undefined) return open(model, `tfjs/${config.backend}`, threads);
      return openFirst(model, TFJS_ORDER, threads);
    case 'auto': {
      const usable = (await tryRuntimes(model, { threads, isTimed: true })).filter((each) => each.usable);
      const bySpeed = usable.sort((a, b) => b.rowsPerSecond - a.rowsPerSecond).map(({ name }) => name);
      return openFirst(model, bySpeed.length > 0 ? bySpeed : [RESERVE], threads);
    }
  }
}

/** The first that opens; the error is the last one's. */
async function openFirst(
  model: Model,
  names: readonly RuntimeName[],
  threads: number,
): Promise<InferenceRuntime> {
  for (const name of names.slice(0, -1)) {
    try {
      return await open(model, name, threads);
    } catch (error) {
      if (!(error instanceof WardstreamError && error.code === 'WS_RUNTIME')) throw error;
    }
  }
  return open(model, names[names.length - 1], threads);
}

async function open(model: Model, name: RuntimeName, threads: number): Promise<InferenceRuntime> {
  const runtime = await openUnchecked(model, name, threads);
  try {
    await requireGolden(model, runtime);
    return runtime;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

async function openUnchecked(model: Model, name: RuntimeName, threads: number): Promise<InferenceRuntime> {
  const { cpu } = model.config;
  const file = join(model.directory, name === RESERVE && cpu !== undefined ? cpu.file : 'model.onnx');
  const [kind, where] = name.split('/') as ['onnx', OnnxProvider] | ['tfjs', TfjsBackend];
  if (kind === 'onnx') return openOnnxRuntime(file, model.shape, where, threads);
  requireInstalled({
    setting: 'model.runtime.kind: tfjs',
    packages: ['@tensorflow/tfjs-core'],
    instead: 'set it to onnx',
    code: 'WS_RUNTIME',
  });
  const { openTfjsRuntime } = await import('./tfjs/runtime.js');
  return openTfjsRuntime(file, model.shape, where);
}

async function speedOf({ shape }: Model, runtime: InferenceRuntime): Promise<number> {
  const { features, layers, slots, width } = shape;
  const cells = TRIAL_ROWS * layers * slots * width;
  const input = {
    rows: TRIAL_ROWS,
    x: new Float32Array(TRIAL_ROWS * features),
    k: new Float32Array(cells),
    v: new Float32Array(cells),
    age: new Int32Array(TRIAL_ROWS * slots).fill(1),
  };
  await runtime.run(input);
  let fastest = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < TRIALS; trial++) {
    const began = performance.now();
    await runtime.run(input);
    fastest = Math.min(fastest, performance.now() - began);
  }
  return Math.round((1000 * TRIAL_ROWS) / fastest);
}
