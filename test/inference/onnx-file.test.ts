import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/inference/model.js';
import { readOnnxFile } from '../../src/inference/onnx-file.js';
import { temporaryDirectory } from '../helpers.js';
import { writeOnnx } from './tfjs/onnx-writer.js';

const inputs = { x: { type: 'float', dims: [2] } } as const;

describe('readOnnxFile', () => {
  it('reads the step graph: what goes in, what comes out, every weight', () => {
    const { directory } = loadModel('latest');
    const graph = readOnnxFile(join(directory, 'model.onnx'));
    expect([...graph.inputs].sort()).toEqual(['age', 'k', 'v', 'x']);
    expect(graph.outputs).toEqual(['logit', 'newK', 'newV']);
    expect(graph.nodes.length).toBeGreaterThan(100);
    for (const { shape, data } of graph.constants.values()) {
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    }
  });

  it.each([true, false])('reads constants of every supported type, as bytes: %s', (isRaw) => {
    const file = writeOnnx({
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      constants: {
        float: { type: 'float', dims: [2], values: [0.5, -2], isRaw },
        double: { type: 'double', dims: [1], values: [0.25], isRaw },
        int32: { type: 'int32', dims: [1, 2], values: [-7, 8], isRaw },
        int64: { type: 'int64', dims: [3], values: [-1, 4, 2 ** 52], isRaw },
        bool: { type: 'bool', dims: [2], values: [1, 0], isRaw },
      },
      inputs,
      outputs: { y: 'float' },
    });
    const read = [...readOnnxFile(file).constants].map(([name, { type, shape, data }]) => [
      name,
      type,
      shape,
      [...data],
    ]);
    expect(read).toEqual([
      ['float', 'float32', [2], [0.5, -2]],
      ['double', 'float32', [1], [0.25]],
      ['int32', 'int32', [1, 2], [-7, 8]],
      ['int64', 'int32', [3], [-1, 4, 2 ** 31 - 1]],
      ['bool', 'bool', [2], [1, 0]],
    ]);
  });

  it('says which file is no ONNX file, or an empty one', () => {
    const file = join(temporaryDirectory(), 'x.onnx');
    writeFileSync(file, 'not a graph');
    expect(() => readOnnxFile(file)).toThrow(`${file} is not an ONNX file`);
    writeFileSync(file, '');
    expect(() => readOnnxFile(file)).toThrow(`${file} holds no graph`);
  });

  it('is not fooled by a file cut short', () => {
    const file = join(temporaryDirectory(), 'x.onnx');
    const whole = readFileSync(join(loadModel('latest').directory, 'model.onnx'));
    writeFileSync(file, whole.subarray(0, whole.length >> 1));
    expect(() => readOnnxFile(file)).toThrow(`${file} is not an ONNX file`);
  });
});
