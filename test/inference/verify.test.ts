import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock } from '../../src/clock.js';
import { Engine } from '../../src/engine/engine.js';
import { loadModel } from '../../src/inference/model.js';
import { readOnnxFile } from '../../src/inference/onnx-file.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

const SHIPPED = loadModel('latest');
const VERSION = SHIPPED.config.version;

let directory: string;
let folder: string;
beforeEach(() => {
  directory = temporaryDirectory();
  folder = join(directory, VERSION);
  cpSync(SHIPPED.directory, folder, { recursive: true });
});

/** How opening the folder is refused: by the runtime, and so by the engine at its start. */
async function refusal(): Promise<string> {
  const refused = async (opening: Promise<unknown>) => {
    const error = await opening.then(
      () => null,
      (reason: { code: string; message: string }) => reason,
    );
    expect(error).toMatchObject({ code: 'WS_MODEL' });
    return error!.message;
  };
  const message = await refused(openRuntime(loadModel(VERSION, directory), DEFAULT_CONFIG.model));
  // Rules on outputs that a damaged model lacks would be refused first.
  const config = parseConfig({ model: { directory }, alerts: { rules: [] } });
  const engine = Engine.open({
    config,
    bus: new MemoryBus({ partitions: 1, capacity: 8 }),
    clock: new ReplayClock(),
    sinks: [],
  });
  expect(await refused(engine)).toBe(message);
  return message;
}

function change(
  name: string,
  edit: (data: Record<string, unknown> & { cases: Record<string, number[]>[] }) => void,
): void {
  const file = join(folder, name);
  const data = JSON.parse(readFileSync(file, 'utf8'));
  edit(data);
  writeFileSync(file, JSON.stringify(data));
}

/** Puts other bytes in place of the graph, with a checksum that fits. */
function replaceGraph(bytes: Buffer): void {
  writeFileSync(join(folder, 'model.onnx'), bytes);
  change('config.json', (config) => {
    config.sha256 = createHash('sha256').update(bytes).digest('hex');
  });
}

describe('a model folder is refused at start', () => {
  it('where its weights are not those that golden.json was made with, though the checksum fits', async () => {
    const bytes = readFileSync(join(folder, 'model.onnx'));
    // The numbers of the largest weight get another sign.
    const weights = [...readOnnxFile(join(folder, 'model.onnx')).constants.values()];
    const [{ data }] = weights.sort((a, b) => b.data.length - a.data.length);
    const start = bytes.indexOf(Buffer.from(data.buffer));
    expect(start).toBeGreaterThan(0);
    for (let at = start + 3; at < start + data.byteLength; at += 4) bytes[at] ^= 0x80;
    replaceGraph(bytes);
    const message = await refusal();
    expect(message).toMatch(
      new RegExp(`^model ${VERSION} fails its golden check on onnx/cpu: it differs by .* from golden.json`),
    );
    expect(message).toContain(folder);
  });

  it('where it is no graph, or half of one', async () => {
    const bytes = readFileSync(join(folder, 'model.onnx'));
    for (const part of [Buffer.from('not a graph'), bytes.subarray(0, bytes.length >> 1)]) {
      replaceGraph(part);
      expect(await refusal()).toContain('model.onnx is not a model ONNX Runtime can load');
    }
  });

  it.each([
    ['steps', 1],
    ['layers', 0],
    ['width', 2],
  ])('where its graph has another shape than config.json says: %s', async (name, at) => {
    const { layers, slots, width } = SHIPPED.shape;
    const sizes = [layers, slots, width];
    const wrong = sizes.with(at, 2 * sizes[at]);
    change('config.json', (config) => {
      config[name] = wrong[at];
    });
    const fault = `input k is [batch, ${sizes.join(', ')}], but config.json makes it [rows, ${wrong.join(', ')}]`;
    expect(await refusal()).toContain(fault);
  });

  it('where it gives fewer outputs than config.json says', async () => {
    const all = ['mortality', 'circulatory', 'respiratory', 'deterioration'];
    const outputs = SHIPPED.config.outputs.length === 4 ? all.slice(0, 2) : all;
    change('config.json', (config) => {
      config.outputs = outputs;
    });
    expect(await refusal()).toContain(`but config.json makes it [rows, ${outputs.length}]`);
  });

  it('where a variable that it was trained on is missing', async () => {
    change('config.json', (config) => {
      (config.encoder as { variables: unknown[] }).variables.pop();
    });
    expect(() => loadModel(VERSION, directory)).toThrow('was trained on other features');
  });

  it('where golden.json is missing, damaged, or of another model', async () => {
    const file = join(folder, 'golden.json');
    change('golden.json', ({ cases }) => {
      cases[1].x.pop();
    });
    const { features } = SHIPPED.shape;
    expect(await refusal()).toBe(`${file}: x of case 1 has ${features - 1} numbers, the model ${features}`);
    change('golden.json', (golden) => {
      golden.cases = [];
    });
    expect(await refusal()).toContain(`${file} is wrong: cases: `);
    writeFileSync(file, '{"cases": ');
    expect(await refusal()).toBe(`${file} is not JSON`);
    rmSync(file);
    expect(await refusal()).toBe(`${file} is missing: the model cannot be checked`);
  });

  it('where one golden number is off by more than 1e-4, and not where it is off by less', async () => {
    change('golden.json', ({ cases }) => {
      cases[2].newV[5] += 5e-5;
    });
    await (await openRuntime(loadModel(VERSION, directory), DEFAULT_CONFIG.model)).close();
    change('golden.json', ({ cases }) => {
      cases[2].newV[5] += 1e-4;
    });
    expect(await refusal()).toContain('fails its golden check');
  });
});
