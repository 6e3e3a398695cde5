import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AttentionCache } from '../../src/inference/attention-cache.js';
import { loadModel } from '../../src/inference/model.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { listModels } from '../../src/inference/versions.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';

interface Case {
  x: number[];
  /** One an output, in the order of config.json. */
  logit: number | number[];
  newK: number[];
  newV: number[];
}

it.each(listModels())('model %s gives what PyTorch gave, step by step', async (version) => {
  const model = loadModel(version);
  const { cases } = JSON.parse(readFileSync(join(model.directory, 'golden.json'), 'utf8')) as {
    cases: Case[];
  };
  const runtime = await openRuntime(model, DEFAULT_CONFIG.model);
  const cache = new AttentionCache(model.shape);
  expect(cases.length).toBeGreaterThan(2);
  for (const [step, { x, logit, newK, newV }] of cases.entries()) {
    const age = new Int32Array(model.shape.slots);
    cache.writeAges(step, age, 0);
    const output = await runtime.run({ rows: 1, x: Float32Array.from(x), k: cache.k, v: cache.v, age });
    const expected = [logit].flat();
    expect(output.logit).toHaveLength(expected.length);
    for (const [column, each] of expected.entries()) expect(output.logit[column]).toBeCloseTo(each, 4);
    expect(Math.max(...newK.map((value, index) => Math.abs(value - output.newK[index])))).toBeLessThan(1e-4);
    expect(Math.max(...newV.map((value, index) => Math.abs(value - output.newV[index])))).toBeLessThan(1e-4);
    cache.append(step, output.newK, output.newV, 0);
  }
  await runtime.close();
});

it('says which models there are where the one asked for is missing', () => {
  expect(() => loadModel('none-such')).toThrow(/no model none-such .*found: /);
});
