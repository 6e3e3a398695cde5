import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WardstreamError } from '../../src/errors.js';
import { loadModel } from '../../src/inference/model.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { listModels } from '../../src/inference/versions.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';

const SHIPPED = loadModel('latest');
const VERSION = SHIPPED.config.version;

let directory: string;
let folder: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardstream-model-'));
  folder = join(directory, VERSION);
  cpSync(SHIPPED.directory, folder, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The error of loading the model in `folder`, which must be a WS_MODEL. */
function refusal(version = VERSION): string {
  try {
    loadModel(version, directory);
  } catch (error) {
    expect(error).toBeInstanceOf(WardstreamError);
    expect((error as WardstreamError).code).toBe('WS_MODEL');
    return (error as WardstreamError).message;
  }
  throw new Error('the model was loaded');
}

// biome-ignore lint/suspicious/noExplicitAny: a config.json to be made wrong
function changeConfig(change: (config: any) => void): void {
  const file = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  change(config);
  writeFileSync(file, JSON.stringify(config));
}

describe('loadModel', () => {
  it('loads a sound folder from wherever it is', () => {
    const { config, encoder, shape } = loadModel(VERSION, directory);
    expect(config).toEqual(SHIPPED.config);
    expect(shape).toEqual({
      features: encoder.size,
      layers: config.layers,
      slots: config.steps,
      width: config.width,
      outputs: config.outputs,
    });
  });

  it('takes the newest where asked for the latest', () => {
    cpSync(folder, join(directory, '1999.01-a'), { recursive: true });
    mkdirSync(join(directory, '9999.99-unfinished'));
    expect(listModels(directory)).toEqual(['1999.01-a', VERSION]);
    expect(loadModel('latest', directory).directory).toBe(folder);
  });

  it('says which models there are and where, if the one asked for is missing', () => {
    expect(refusal('2000.01-x')).toBe(`there is no model 2000.01-x in ${directory} (found: ${VERSION})`);
    renameSync(folder, join(directory, 'trial'));
    const trial = readFileSync(join(directory, 'trial', 'config.json'), 'utf8');
    writeFileSync(join(directory, 'trial', 'config.json'), trial.replace('"stable"', '"experimental"'));
    const found = 'found: only experimental ones, trial';
    expect(refusal('latest')).toBe(`there is no model latest in ${directory} (${found})`);
    rmSync(join(directory, 'trial'), { recursive: true });
    expect(refusal('latest')).toBe(`there is no model latest in ${directory} (found: none)`);
    rmSync(directory, { recursive: true });
    expect(refusal('latest')).toBe(`there is no model latest in ${directory} (found: none)`);
    mkdirSync(directory);
  });

  it('says which file is not JSON', () => {
    const file = join(folder, 'config.json');
    writeFileSync(file, '{"version": ');
    expect(refusal()).toBe(`${file} is not JSON`);
  });

  it('names each field of config.json that is wrong', () => {
    changeConfig((config) => {
      config.steps = 0;
      delete config.sha256;
      config.encoder.variables[1].scale = -1;
    });
    const message = refusal();
    expect(message).toContain(`${join(folder, 'config.json')} is wrong: `);
    for (const field of ['steps: ', 'sha256: ', 'encoder.variables.1.scale: '])
      expect(message).toContain(field);
  });

  it('takes outputs it knows, mortality among them, none twice', () => {
    changeConfig((config) => {
      config.outputs = ['mortality', 'circulatory', 'respiratory', 'deterioration'];
    });
    expect(loadModel(VERSION, directory).shape.outputs).toHaveLength(4);
    changeConfig((config) => {
      delete config.outputs;
    });
    expect(loadModel(VERSION, directory).shape.outputs).toEqual(['mortality']);
    for (const [outputs, fault] of [
      [['circulatory'], 'outputs: must have mortality'],
      [['mortality', 'mortality'], 'outputs: must not name an output twice'],
      [['mortality', 'renal'], 'outputs.1: '],
    ] as const) {
      changeConfig((config) => {
        config.outputs = outputs;
      });
      expect(refusal()).toContain(fault);
    }
  });

  it('refuses a damaged graph: one bit is enough', () => {
    const file = join(folder, 'model.onnx');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(file, bytes);
    expect(refusal()).toBe(`${file} is damaged: its sha256 is not the one in config.json`);
    rmSync(file);
    expect(refusal()).toBe(`${file} is missing`);
  });

  it('checks the graph for ONNX Runtime on the cpu as it does the other, and takes it there', async () => {
    const file = join(folder, 'model.cpu.onnx');
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const bytes = readFileSync(join(folder, 'model.onnx'));
    changeConfig((config) => {
      config.cpu = { file: 'model.cpu.onnx', sha256: sha256(bytes) };
    });
    expect(refusal()).toBe(`${file} is missing`);
    writeFileSync(file, bytes.subarray(1));
    expect(refusal()).toBe(`${file} is damaged: its sha256 is not the one in config.json`);
    writeFileSync(file, bytes);
    const model = loadModel(VERSION, directory);
    // Only what serves tells which file it is: without the other one, the cpu's still runs.
    rmSync(join(folder, 'model.onnx'));
    const runtime = await openRuntime(model, { runtime: DEFAULT_CONFIG.model.runtime, threads: 1 });
    expect(runtime.name).toBe('onnx/cpu');
    await runtime.close();
    changeConfig((config) => {
      config.cpu = { file: '../model.onnx', sha256: '' };
    });
    expect(refusal()).toContain('cpu.file');
  });

  it('refuses a model that was trained on other features, and says which', () => {
    const names = SHIPPED.config.featureNames;
    changeConfig((config) => {
      [config.featureNames[3], config.featureNames[4]] = [names[4], names[3]];
    });
    expect(refusal()).toBe(`model ${VERSION} was trained on other features: feature 3 is ${names[4]}`);
    changeConfig((config) => {
      config.featureNames = [...names, 'one.more'];
    });
    expect(refusal()).toBe(`model ${VERSION} was trained on other features: the number of features differs`);
    changeConfig((config) => {
      config.featureNames = names.slice(0, -1);
    });
    expect(refusal()).toContain('was trained on other features');
  });

  it('refuses a variable that the vocabulary does not have', () => {
    changeConfig((config) => {
      config.encoder.variables[0].id = 'bloodColour';
    });
    expect(refusal()).toBe(`model ${VERSION} cannot be used: no clinical variable is called bloodColour`);
  });
});

describe('openRuntime', () => {
  it('refuses a file that is no graph, though its checksum is right', async () => {
    const bytes = Buffer.from('not a graph');
    writeFileSync(join(folder, 'model.onnx'), bytes);
    changeConfig((config) => {
      config.sha256 = createHash('sha256').update(bytes).digest('hex');
    });
    const opening = openRuntime(loadModel(VERSION, directory), DEFAULT_CONFIG.model);
    await expect(opening).rejects.toMatchObject({
      code: 'WS_MODEL',
      message: expect.stringContaining(`${join(folder, 'model.onnx')} is not a model ONNX Runtime can load`),
    });
  });
});
