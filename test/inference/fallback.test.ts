import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { FallbackRuntime } from '../../src/inference/fallback.js';
import { loadModel } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { HOUR_MS, START } from '../helpers.js';

const MODEL = loadModel('latest');
const { stepMs, steps } = MODEL.config;

let cpu: InferenceRuntime;
beforeAll(async () => {
  cpu = await openRuntime(MODEL, DEFAULT_CONFIG.model);
});
afterAll(() => cpu.close());

/** A GPU that is lost after so many runs: it fails, or never answers. */
class LostGpu implements InferenceRuntime {
  readonly name = 'onnx/webgpu';
  runs = 0;
  isClosed = false;

  constructor(
    readonly lastRun: number,
    readonly failure: 'fails' | 'hangs',
  ) {}

  run(...args: Parameters<InferenceRuntime['run']>): ReturnType<InferenceRuntime['run']> {
    if (++this.runs <= this.lastRun) return cpu.run(...args);
    return this.failure === 'fails' ? Promise.reject(new Error('device lost')) : new Promise(() => undefined);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    throw new Error('there is no device to close');
  }
}

/** Two days of three patients, hour by hour: how it was scored, and what was said. */
async function score(runtime: InferenceRuntime): Promise<number[]> {
  const batcher = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, 2);
  const risks: number[] = [];
  for (const patientId of ['a', 'b', 'c']) {
    const patient = new PatientState({ patientId, partition: 0, eventTime: START }, { stepMs, steps }, 8);
    for (let hour = 0; hour < 10; hour++) {
      patient.timeline.record(hour, 0, 60 + 10 * hour, START + hour * HOUR_MS);
      batcher.score(patient, START + hour * HOUR_MS + 1, ({ outcomes: { mortality } }) =>
        risks.push(mortality),
      );
      batcher.close(patient, hour, patient.timeline.summary);
      patient.timeline.advance();
    }
  }
  await batcher.flush();
  return risks;
}

describe.each(['fails', 'hangs'] as const)('a GPU that %s', (failure) => {
  it('loses no score: the batch under way and all that follow run on the reserve, and it is said once', async () => {
    const gpu = new LostGpu(7, failure);
    const said: string[] = [];
    const runtime = new FallbackRuntime(gpu, cpu, {
      timeoutMs: 50,
      onFallback: (message) => said.push(message),
    });
    expect(runtime.name).toBe('onnx/webgpu');
    const expected = await score(cpu);
    expect(expected).toHaveLength(30);
    expect(await score(runtime)).toEqual(expected);
    expect(gpu.runs).toBe(8);
    expect(runtime.name).toBe('onnx/cpu');
    const why = failure === 'fails' ? 'device lost' : 'no answer within 50 ms';
    expect(said).toEqual([`onnx/webgpu failed (${why}); scoring goes on with onnx/cpu`]);
  });
});

describe('FallbackRuntime', () => {
  const broken = (name: string): InferenceRuntime => ({
    name,
    run: () => Promise.reject(new Error(`${name} is broken`)),
    close: () => Promise.reject(new Error(`${name} does not close`)),
  });

  it('fails where the reserve fails too', async () => {
    const both = new FallbackRuntime(broken('first'), broken('reserve'), {
      timeoutMs: 1000,
      onFallback: () => undefined,
    });
    await expect(score(both)).rejects.toThrow('reserve is broken');
  });

  it('closes both, and minds a first one that does not close only if it was still in use', async () => {
    let closed = 0;
    const reserve = { ...cpu, close: async () => void closed++ };
    const gpu = new LostGpu(0, 'fails');
    const options = { timeoutMs: 1000, onFallback: () => undefined };
    const used = new FallbackRuntime(gpu, reserve, options);
    await score(used);
    await used.close();
    expect([gpu.isClosed, closed]).toEqual([true, 1]);
    await expect(new FallbackRuntime(new LostGpu(9, 'fails'), reserve, options).close()).rejects.toThrow(
      'no device',
    );
  });
});
