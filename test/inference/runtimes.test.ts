import { expect, it } from 'vitest';
import { loadModel } from '../../src/inference/model.js';
import { openRuntime, RUNTIMES, tryRuntimes } from '../../src/inference/runtimes.js';
import { listModels } from '../../src/inference/versions.js';
import { parseConfig, type RuntimeConfig } from '../../src/settings/config.js';

const MODEL = loadModel('latest');
const open = (runtime: RuntimeConfig) => openRuntime(MODEL, { runtime, threads: 1 });

it.each(listModels())(
  'model %s gives what PyTorch gave on ONNX Runtime and TensorFlow.js, and says why where it cannot run',
  async (version) => {
    const findings = await tryRuntimes(loadModel(version), { threads: 1, isTimed: true });
    expect(findings.map(({ name }) => name)).toEqual(RUNTIMES);
    for (const finding of findings) {
      if (finding.usable) {
        expect(finding.maxAbsDiff).toBeLessThan(1e-4);
        expect(finding.rowsPerSecond).toBeGreaterThan(0);
      } else {
        expect(finding.isFault).toBe(false);
        expect(finding.reason).toMatch(
          /is not installed$|has no usable (webgpu|cuda) here \(.+\); it needs /,
        );
      }
    }
    const usable = findings.flatMap(({ name, usable }) => (usable ? name : []));
    expect(usable).toEqual(expect.arrayContaining(['onnx/cpu', 'tfjs/wasm']));
  },
);

it('opens what is configured, by default ONNX Runtime on the cpu', async () => {
  for (const [model, name] of [
    [{}, 'onnx/cpu'],
    [{ runtime: { kind: 'onnx' } }, 'onnx/cpu'],
    [{ runtime: { kind: 'tfjs', backend: 'wasm' } }, 'tfjs/wasm'],
  ] as const) {
    const runtime = await openRuntime(MODEL, parseConfig({ model }).model);
    expect(runtime.name).toBe(name);
    await runtime.close();
  }
});

it('takes one that can be used where left to choose', async () => {
  const findings = await tryRuntimes(MODEL, { threads: 1, isTimed: false });
  const usable = findings.flatMap(({ name, usable }) => (usable ? name : []));
  const fastest = await open({ kind: 'auto' });
  expect(usable).toContain(fastest.name);
  await fastest.close();
  const tfjs = await open({ kind: 'tfjs' });
  expect(tfjs.name).toBe(
    ['tfjs/node-gpu', 'tfjs/node', 'tfjs/wasm'].find((name) => usable.some((each) => each === name)),
  );
  await tfjs.close();
});

it('refuses a runtime that cannot be used here, with the reason', async () => {
  const findings = await tryRuntimes(MODEL, { threads: 1, isTimed: false });
  for (const finding of findings) {
    if (finding.usable) continue;
    const [kind, where] = finding.name.split('/');
    const runtime = { kind, [kind === 'onnx' ? 'provider' : 'backend']: where } as RuntimeConfig;
    await expect(open(runtime)).rejects.toMatchObject({ code: 'WS_RUNTIME', message: finding.reason });
  }
});
