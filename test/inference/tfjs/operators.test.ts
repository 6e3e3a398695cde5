import '@tensorflow/tfjs-backend-wasm';
import { memory, setBackend, tensor } from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { readOnnxFile } from '../../../src/inference/onnx-file.js';
import { TfjsGraph } from '../../../src/inference/tfjs/graph.js';
import { Random } from '../../../src/simulate/random.js';
import { type WrittenConstant, type WrittenNode, writeOnnx } from './onnx-writer.js';

beforeAll(() => setBackend('wasm'));

const random = new Random(1, 0);
const draw = (dims: readonly number[]) =>
  Float32Array.from(
    { length: dims.reduce((product, size) => product * size, 1) },
    () => 4 * random.uniform() - 2,
  );

const float = (dims: readonly number[], values: readonly number[] = [...draw(dims)]): WrittenConstant => ({
  type: 'float',
  dims,
  values,
});
const ints = (...values: number[]): WrittenConstant => ({ type: 'int64', dims: [values.length], values });
const scalar = (value: number): WrittenConstant => ({ type: 'int64', dims: [], values: [value] });

interface Given {
  readonly name?: string;
  /** Shape of the input `x`. */
  readonly dims: readonly number[];
  /** Further inputs, constant. */
  readonly constants?: Readonly<Record<string, WrittenConstant>>;
  readonly attributes?: WrittenNode['attributes'];
  readonly floats?: WrittenNode['floats'];
  /** Operations on the way from `x` to the operator and from there to the output, both floats. */
  readonly before?: readonly string[];
  readonly after?: readonly WrittenNode[];
  readonly outputs?: number;
  readonly isPositive?: boolean;
}

/** What an operator gives on each runtime. */
async function both(op: string, given: Given): Promise<[Float32Array[], Float32Array[]]> {
  const { dims, constants = {}, attributes = {}, floats = {}, outputs = 1, isPositive = false } = given;
  const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
  const nodes: WrittenNode[] = [
    { op, inputs: ['x', ...Object.keys(constants)], outputs: names, attributes, floats },
  ];
  const file = writeOnnx({
    nodes: [...nodes, ...(given.after ?? [])],
    constants,
    inputs: { x: { type: 'float', dims } },
    outputs: Object.fromEntries(
      given.after === undefined ? names.map((name) => [name, 'float' as const]) : [['z', 'float' as const]],
    ),
  });
  const x = isPositive ? draw(dims).map((value) => Math.abs(value) + 0.1) : draw(dims);
  const session = await InferenceSession.create(file);
  const expected = await session.run({ x: new Tensor('float32', x, [...dims]) });
  const wanted = session.outputNames.map((name) => expected[name].data as Float32Array);
  const shapes = session.outputNames.map((name) => expected[name].dims);
  await session.release();

  const held = memory().numTensors;
  const graph = new TfjsGraph(readOnnxFile(file), file);
  const input = tensor(x, [...dims]);
  const found: Float32Array[] = [];
  // Twice: the second run uses what the first one kept.
  for (let run = 0; run < 2; run++) {
    const results = graph.run({ x: input }, dims[0]);
    expect(Object.keys(results)).toEqual(session.outputNames);
    expect(Object.values(results).map(({ shape }) => shape)).toEqual(shapes);
    found.length = 0;
    for (const each of Object.values(results)) {
      found.push(each.dataSync<'float32'>().slice());
      each.dispose();
    }
  }
  input.dispose();
  graph.dispose();
  expect(memory().numTensors).toBe(held);
  return [found, wanted];
}

const CAST: WrittenNode = { op: 'Cast', inputs: ['y0'], outputs: ['z'], attributes: { to: 1 } };
const D = [3, 4];
const CASES: [string, Given][] = [
  ...[
    'Abs',
    'Cos',
    'Elu',
    'Erf',
    'Exp',
    'Identity',
    'Neg',
    'Relu',
    'Sigmoid',
    'Sign',
    'Sin',
    'Softplus',
    'Tanh',
  ].map((op): [string, Given] => [op, { dims: D }]),
  ...['Log', 'Sqrt', 'Reciprocal'].map((op): [string, Given] => [op, { dims: D, isPositive: true }]),
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum'].flatMap((op): [string, Given][] => [
    [op, { dims: [2, 3, 4], constants: { b: float([4]) } }],
    [op, { dims: [2, 3, 1], constants: { b: float([3, 5]) } }],
  ]),
  ['Elu', { name: 'bent lower', dims: D, floats: { alpha: 0.4 } }],
  ['Pow', { dims: D, constants: { b: float([4], [2, 3, 0.5, 1]) }, isPositive: true }],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op): [string, Given] => [
    op,
    { dims: D, constants: { b: float([3, 1]) }, after: [CAST] },
  ]),
  [
    'Less',
    {
      name: 'with And, Or, Not',
      dims: D,
      constants: { b: float([4]) },
      after: [
        { op: 'Not', inputs: ['y0'], outputs: ['n'] },
        { op: 'And', inputs: ['y0', 'n'], outputs: ['a'] },
        { op: 'Or', inputs: ['a', 'n'], outputs: ['y'] },
        { op: 'Where', inputs: ['y', 'x', 'b'], outputs: ['z'] },
      ],
    },
  ],
  ['Cast', { name: 'to a whole number', dims: D, attributes: { to: 6 }, after: [CAST] }],
  ['Clip', { dims: D, constants: { least: float([], [-0.5]), most: float([], [0.75]) } }],
  ['Concat', { dims: D, constants: { b: float([3, 2]) }, attributes: { axis: -1 } }],
  ['Einsum', { dims: [2, 3, 4], constants: { b: float([4, 5]) }, attributes: { equation: 'bij,jk->bik' } }],
  [
    'Einsum',
    {
      name: 'attention of heads',
      dims: [2, 3, 4],
      constants: { k: float([2, 5, 3, 4]) },
      attributes: { equation: 'bhd, bshd -> bsh' },
    },
  ],
  ['Expand', { dims: [3, 1], constants: { shape: ints(2, 1, 4) } }],
  ['Flatten', { dims: [2, 3, 4], attributes: { axis: 2 } }],
  ['Gather', { name: 'one place', dims: [2, 3, 4], constants: { at: scalar(-1) }, attributes: { axis: 1 } }],
  [
    'Gather',
    {
      name: 'places',
      dims: [2, 3, 4],
      constants: { at: { type: 'int64', dims: [2, 2], values: [0, 2, -1, 1] } },
      attributes: { axis: 1 },
    },
  ],
  [
    'Gemm',
    {
      dims: [2, 3],
      constants: { b: float([4, 3]), c: float([4]) },
      attributes: { transB: 1 },
      floats: { alpha: 0.5, beta: 2 },
    },
  ],
  [
    'Gemm',
    {
      name: 'transposed, without bias',
      dims: [3, 2],
      constants: { b: float([3, 4]) },
      attributes: { transA: 1 },
    },
  ],
  [
    'LayerNormalization',
    { dims: [2, 3, 4], constants: { scale: float([4]), bias: float([4]) }, floats: { epsilon: 0.01 } },
  ],
  [
    'LayerNormalization',
    { name: 'over two axes', dims: [2, 3, 4], constants: { scale: float([3, 4]) }, attributes: { axis: 1 } },
  ],
  ['MatMul', { dims: [2, 3, 4], constants: { b: float([4, 5]) } }],
  ['MatMul', { name: 'of stacks', dims: [2, 3, 4], constants: { b: float([2, 4, 5]) } }],
  ['MatMul', { name: 'with broadcasting', dims: [3, 4], constants: { b: float([2, 4, 5]) } }],
  ['MatMul', { name: 'with a vector', dims: [2, 3, 4], constants: { b: float([4]) } }],
  ['MatMul', { name: 'of a vector', dims: [4], constants: { b: float([4, 3]) } }],
  ['ReduceSum', { dims: [2, 3, 4], constants: { axes: ints(0, -1) }, attributes: { keepdims: 0 } }],
  ['ReduceMean', { dims: [2, 3, 4], attributes: { axes: [1] } }],
  ['ReduceMax', { dims: [2, 3, 4], attributes: { axes: [-1], keepdims: 0 } }],
  ['ReduceMin', { dims: [2, 3, 4], attributes: { keepdims: 0 } }],
  ['Reshape', { dims: [2, 3, 4], constants: { shape: ints(0, -1) } }],
  [
    'Slice',
    {
      dims: [5, 4],
      constants: { starts: ints(1), ends: ints(0x7fff_ffff_ffff), axes: ints(0), steps: ints(2) },
    },
  ],
  ['Slice', { name: 'from the end', dims: [5, 4], constants: { starts: ints(-3, 1), ends: ints(-1, 3) } }],
  ['Softmax', { dims: [2, 3, 4], attributes: { axis: 1 } }],
  ['Split', { dims: [2, 6], constants: { sizes: ints(1, 5) }, attributes: { axis: 1 }, outputs: 2 }],
  ['Split', { name: 'evenly', dims: [2, 6], attributes: { axis: -1 }, outputs: 3 }],
  ['Squeeze', { dims: [2, 1, 3, 1], constants: { axes: ints(-1) } }],
  ['Squeeze', { name: 'all', dims: [2, 1, 3, 1] }],
  ['Tile', { dims: [2, 3], constants: { repeats: ints(2, 1) } }],
  ['Transpose', { dims: [2, 3, 4], attributes: { perm: [2, 0, 1] } }],
  ['Transpose', { name: 'all axes', dims: [2, 3, 4] }],
  ['Unsqueeze', { dims: [2, 3], constants: { axes: ints(0, -1) } }],
  [
    'Shape',
    {
      dims: [2, 3],
      after: [
        { op: 'ConstantOfShape', inputs: ['y0'], outputs: ['c'], attributes: { value: float([1], [2.5]) } },
        { op: 'Constant', inputs: [], outputs: ['d'], attributes: { value: float([3], [1, 2, 3]) } },
        { op: 'Constant', inputs: [], outputs: ['e'], floats: { value_float: 0.5 } },
        { op: 'Mul', inputs: ['c', 'd'], outputs: ['cd'] },
        { op: 'Mul', inputs: ['cd', 'e'], outputs: ['cde'] },
        { op: 'Add', inputs: ['cde', 'x'], outputs: ['z'] },
      ],
    },
  ],
];

describe('an operator on TensorFlow.js gives what ONNX Runtime gives', () => {
  it.each(CASES.map(([op, given], index) => [`${op} ${given.name ?? ''}#${index}`, op, given] as const))(
    '%s',
    async (_, op, given) => {
      const [found, wanted] = await both(op, given);
      expect(found.length).toBe(wanted.length);
      for (const [index, values] of wanted.entries()) {
        expect(found[index]).toHaveLength(values.length);
        for (const [at, value] of values.entries()) expect(found[index][at]).toBeCloseTo(value, 5);
      }
    },
  );
});

describe('a graph', () => {
  const inputs = { x: { type: 'float', dims: [2, 3] } } as const;

  it('with operators that are not supported is refused, each named', () => {
    const file = writeOnnx({
      nodes: [
        { op: 'TopK', inputs: ['x', 'k'], outputs: ['y', 'i'] },
        { op: 'LSTM', inputs: ['y'], outputs: ['z'] },
      ],
      inputs,
      outputs: { z: 'float' },
    });
    expect(() => new TfjsGraph(readOnnxFile(file), file)).toThrow(
      `${file} cannot run on TensorFlow.js, which lacks the operators LSTM, TopK; use model.runtime onnx`,
    );
  });

  it('that cannot be computed says at which node', () => {
    const file = writeOnnx({
      nodes: [{ op: 'MatMul', inputs: ['x', 'x'], outputs: ['y'] }],
      inputs,
      outputs: { y: 'float' },
    });
    const graph = new TfjsGraph(readOnnxFile(file), file);
    const x = tensor(draw([2, 3]), [2, 3]);
    expect(() => graph.run({ x }, 2)).toThrow('TensorFlow.js cannot run MatMul (MatMul 0)');
    x.dispose();
  });
});
