import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkCommand, listCommand, showCommand } from '../../src/commands/models.js';
import { loadModel } from '../../src/inference/model.js';
import { listModels } from '../../src/inference/versions.js';
import { temporaryDirectory } from '../helpers.js';

const SHIPPED = loadModel('latest');
const VERSION = SHIPPED.config.version;

let output = '';
beforeEach(() => {
  output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** A configuration whose models are a copy of the shipped one, of which golden.json is that of another. */
function withWrongGolden(): string {
  const directory = temporaryDirectory();
  cpSync(SHIPPED.directory, join(directory, VERSION), { recursive: true });
  const { features, layers, width, outputs } = SHIPPED.shape;
  const zeros = (length: number) => Array(length).fill(0);
  const cache = zeros(layers * width);
  const cases = [{ x: zeros(features), logit: zeros(outputs.length), newK: cache, newV: cache }];
  writeFileSync(join(directory, VERSION, 'golden.json'), JSON.stringify({ cases }));
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify({ model: { directory } }));
  return config;
}

describe('models check', () => {
  it('says of each runtime how far it is from golden.json', async () => {
    await checkCommand(VERSION, { json: true });
    const result = JSON.parse(output);
    expect(result).toMatchObject({ version: VERSION, ok: true });
    expect(result.runtimes['onnx/cpu'].maxAbsDiff).toBeLessThan(1e-4);
    expect(result.runtimes['tfjs/wasm'].maxAbsDiff).toBeLessThan(1e-4);
    expect(process.exitCode).toBeUndefined();
    output = '';
    await checkCommand(undefined, { json: false });
    expect(output).toMatch(
      new RegExp(
        `^ok {2}deterioration ${VERSION}\n(.|\n)*onnx/cpu +differs from golden.json by \\S+ at most`,
      ),
    );
  });

  it('fails a model that does not give what golden.json says', async () => {
    await checkCommand(VERSION, { json: true, config: withWrongGolden() });
    const result = JSON.parse(output);
    expect([result.ok, result.runtimes, process.exitCode]).toEqual([false, {}, 1]);
    expect(result.notUsable['onnx/cpu']).toContain('fails its golden check');
    expect(result.notUsable['tfjs/wasm']).toContain('fails its golden check');
  });
});

it('models list names the folders, what each predicts, and which is served', () => {
  listCommand({ json: true });
  const { models, served } = JSON.parse(output);
  expect(models.map(({ version }: { version: string }) => version)).toEqual(listModels());
  expect(models.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
  expect(served).toBe(VERSION);
  output = '';
  listCommand({ json: false });
  expect(output).toContain(`* ${VERSION}`);
});

it('models list says what is wrong with a folder instead of failing', () => {
  const config = withWrongGolden();
  writeFileSync(join(config, '..', VERSION, 'model.onnx'), 'no graph');
  listCommand({ json: true, config });
  expect(JSON.parse(output).models).toEqual([
    expect.objectContaining({ version: VERSION, ok: false, fault: expect.stringContaining('is damaged') }),
  ]);
});

it('models show gives sizes and the card', () => {
  showCommand(undefined, { json: true });
  const { layers, slots, width, features } = SHIPPED.shape;
  expect(JSON.parse(output)).toMatchObject({
    version: VERSION,
    features,
    cacheBytesPerPatient: 8 * layers * slots * width,
    metrics: expect.objectContaining({}),
  });
  output = '';
  showCommand(VERSION, { json: false });
  expect(output).toContain(VERSION);
  expect(output).toContain('\n# ');
});
