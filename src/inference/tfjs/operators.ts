import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { GraphAttribute, GraphConstant } from '../onnx-file.js';
import { axisOf, einsum, matMul, reduce, slice, withAxes } from './shapes.js';

/** What a node is given. */
export interface Operands {
  /** Undefined where an optional input is left out. */
  readonly tensors: readonly (Tensor | undefined)[];
  readonly attributes: ReadonlyMap<string, GraphAttribute>;
  /** How many outputs the node has. */
  readonly outputs: number;
  /** The numbers in a tensor of shapes, axes or places. */
  integers(of: Tensor): readonly number[];
}

type Operator = (operands: Operands) => Tensor | Tensor[];

const number = ({ attributes }: Operands, name: string, otherwise: number): number =>
  (attributes.get(name) as number | undefined) ?? otherwise;

/** Numbers given as an attribute in older operator sets and as an input in newer ones. */
function numbers(operands: Operands, name: string, input: number): readonly number[] | undefined {
  const attribute = operands.attributes.get(name) as readonly number[] | undefined;
  const tensor = operands.tensors[input];
  return attribute ?? (tensor === undefined ? undefined : operands.integers(tensor));
}

const unary =
  (apply: (x: Tensor) => Tensor): Operator =>
  ({ tensors }) =>
    apply(tensors[0]!);
const binary =
  (apply: (a: Tensor, b: Tensor) => Tensor): Operator =>
  ({ tensors }) =>
    apply(tensors[0]!, tensors[1]!);
const variadic =
  (apply: (a: Tensor, b: Tensor) => Tensor): Operator =>
  ({ tensors }) =>
    tensors.map((each) => each!).reduce(apply);
const reduction =
  (apply: (x: Tensor, axes: number[], keepDims: boolean) => Tensor): Operator =>
  (operands) =>
    reduce(operands.tensors[0]!, numbers(operands, 'axes', 1), number(operands, 'keepdims', 1) === 1, apply);

/** ONNX data types that a cast may ask for. */
const TYPES: Record<number, 'float32' | 'int32' | 'bool'> = {
  1: 'float32',
  6: 'int32',
  7: 'int32',
  9: 'bool',
  11: 'float32',
};

/** Division of whole numbers truncates, of others does not. */
function divide(a: Tensor, b: Tensor): Tensor {
  return a.dtype === 'int32' && b.dtype === 'int32' ? tf.floorDiv(a, b) : tf.div(a, b);
}

const layerNormalization: Operator = (operands) => {
  const [x, scale, bias] = operands.tensors;
  const first = axisOf(x!, number(operands, 'axis', -1));
  const axes = x!.shape.map((_, axis) => axis).slice(first);
  const { mean, variance } = tf.moments(x!, axes, true);
  const normed = tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, number(operands, 'epsilon', 1e-5))));
  const scaled = tf.mul(normed, scale!);
  return bias === undefined ? scaled : tf.add(scaled, bias);
};

const gemm: Operator = (operands) => {
  const [a, b, c] = operands.tensors;
  const transposed = [number(operands, 'transA', 0) === 1, number(operands, 'transB', 0) === 1];
  const product = tf.matMul(a!, b!, ...transposed);
  const scaled = tf.mul(product, number(operands, 'alpha', 1));
  return c === undefined ? scaled : tf.add(scaled, tf.mul(c, number(operands, 'beta', 1)));
};

const gather: Operator = (operands) => {
  const [x, places] = operands.tensors;
  const axis = axisOf(x!, number(operands, 'axis', 0));
  if (places!.rank === 0) {
    const [place] = operands.integers(places!);
    const begin = x!.shape.map((_, each) =>
      each === axis ? (place < 0 ? place + x!.shape[axis] : place) : 0,
    );
    const size = x!.shape.map((all, each) => (each === axis ? 1 : all));
    return tf.squeeze(tf.slice(x!, begin, size), [axis]);
  }
  const count = tf.scalar(x!.shape[axis], 'int32');
  const whole = tf.cast(places!, 'int32');
  const positive = tf.where(tf.less(whole, 0), tf.add(whole, count), whole);
  const gathered = tf.gather(x!, tf.reshape(positive, [-1]), axis);
  return tf.reshape(gathered, [...x!.shape.slice(0, axis), ...places!.shape, ...x!.shape.slice(axis + 1)]);
};

const split: Operator = (operands) => {
  const [x] = operands.tensors;
  const axis = axisOf(x!, number(operands, 'axis', 0));
  const sizes = numbers(operands, 'split', 1);
  const each = Math.ceil(x!.shape[axis] / operands.outputs);
  const equal = Array.from({ length: operands.outputs }, (_, index) =>
    Math.min(each, x!.shape[axis] - index * each),
  );
  return tf.split(x!, [...(sizes ?? equal)], axis);
};

const softmax: Operator = (operands) => {
  const [x] = operands.tensors;
  const axis = axisOf(x!, number(operands, 'axis', -1));
  const exponentials = tf.exp(tf.sub(x!, tf.max(x!, axis, true)));
  return tf.div(exponentials, tf.sum(exponentials, axis, true));
};

const clip: Operator = ({ tensors: [x, least, most] }) => {
  const above = least === undefined ? x! : tf.maximum(x!, least);
  return most === undefined ? above : tf.minimum(above, most);
};

const reshape: Operator = (operands) => {
  const [x, shape] = operands.tensors;
  return tf.reshape(
    x!,
    operands.integers(shape!).map((size, axis) => (size === 0 ? x!.shape[axis] : size)),
  );
};

/** Broadcasts both ways: a size of 1 in the wanted shape keeps the tensor's own. */
const expand: Operator = (operands) => {
  const [x, shape] = operands.tensors;
  const wanted = operands.integers(shape!);
  const rank = Math.max(wanted.length, x!.rank);
  const at = (sizes: readonly number[], axis: number) => sizes[sizes.length - rank + axis] ?? 1;
  return tf.broadcastTo(
    x!,
    Array.from({ length: rank }, (_, axis) => Math.max(at(wanted, axis), at(x!.shape, axis))),
  );
};

const constant: Operator = ({ attributes }) => {
  const value = attributes.get('value') as GraphConstant | undefined;
  if (value !== undefined) return tf.tensor(value.data, [...value.shape], value.type);
  const float = attributes.get('value_float') ?? attributes.get('value_floats');
  if (float !== undefined) return tf.tensor(float as number | number[], undefined, 'float32');
  return tf.tensor(
    (attributes.get('value_int') ?? attributes.get('value_ints')) as number | number[],
    undefined,
    'int32',
  );
};

const constantOfShape: Operator = (operands) => {
  const value = operands.attributes.get('value') as GraphConstant | undefined;
  return tf.fill([...operands.integers(operands.tensors[0]!)], value?.data[0] ?? 0, value?.type ?? 'float32');
};

/**
 * The operators of ONNX (sets 13 to 20) that step graphs are made of, on TensorFlow.js. Shapes of rows may depend on the
 * number of rows, never on what is in them.
 */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Abs: unary(tf.abs),
  Add: binary(tf.add),
  And: binary(tf.logicalAnd),
  Cast: (operands) => tf.cast(operands.tensors[0]!, TYPES[number(operands, 'to', 1)]),
  Clip: clip,
  Concat: (operands) => {
    const tensors = operands.tensors.map((each) => each!);
    return tf.concat(tensors, axisOf(tensors[0], number(operands, 'axis', 0)));
  },
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Cos: unary(tf.cos),
  Div: binary(divide),
  Einsum: ({ tensors, attributes }) =>
    einsum(
      attributes.get('equation') as string,
      tensors.map((each) => each!),
    ),
  /** α (eˣ − 1) where x is negative. */
  Elu: (operands) => {
    const x = operands.tensors[0]!;
    const negative = tf.mul(tf.expm1(tf.minimum(x, 0)), number(operands, 'alpha', 1));
    return tf.add(tf.relu(x), negative);
  },
  Equal: binary(tf.equal),
  Erf: unary(tf.erf),
  Exp: unary(tf.exp),
  Expand: expand,
  Flatten: (operands) => {
    const [x] = operands.tensors;
    const axis = number(operands, 'axis', 1);
    const rows = x!.shape
      .slice(0, axis < 0 ? x!.rank + axis : axis)
      .reduce((product, size) => product * size, 1);
    return tf.reshape(x!, [rows, -1]);
  },
  Gather: gather,
  Gemm: gemm,
  Greater: binary(tf.greater),
  GreaterOrEqual: binary(tf.greaterEqual),
  Identity: unary(tf.clone),
  LayerNormalization: layerNormalization,
  Less: binary(tf.less),
  LessOrEqual: binary(tf.lessEqual),
  Log: unary(tf.log),
  MatMul: binary(matMul),
  Max: variadic(tf.maximum),
  Min: variadic(tf.minimum),
  Mul: binary(tf.mul),
  Neg: unary(tf.neg),
  Not: unary(tf.logicalNot),
  Or: binary(tf.logicalOr),
  Pow: binary(tf.pow),
  Reciprocal: unary(tf.reciprocal),
  ReduceMax: reduction(tf.max),
  ReduceMean: reduction(tf.mean),
  ReduceMin: reduction(tf.min),
  ReduceSum: reduction(tf.sum),
  Relu: unary(tf.relu),
  Reshape: reshape,
  Shape: ({ tensors }) => tf.tensor1d(tensors[0]!.shape, 'int32'),
  Sigmoid: unary(tf.sigmoid),
  Sign: unary(tf.sign),
  Sin: unary(tf.sin),
  Slice: (operands) => {
    const [x, starts, ends] = operands.tensors;
    const { integers } = operands;
    return slice(
      x!,
      integers(starts!),
      integers(ends!),
      numbers(operands, 'axes', 3),
      numbers(operands, 'steps', 4),
    );
  },
  Softmax: softmax,
  Softplus: unary(tf.softplus),
  Split: split,
  Sqrt: unary(tf.sqrt),
  Squeeze: (operands) => {
    const [x] = operands.tensors;
    const axes = numbers(operands, 'axes', 1)?.map((axis) => axisOf(x!, axis));
    return tf.reshape(
      x!,
      x!.shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis))),
    );
  },
  Sub: binary(tf.sub),
  Sum: variadic(tf.add),
  Tanh: unary(tf.tanh),
  Tile: (operands) => tf.tile(operands.tensors[0]!, [...operands.integers(operands.tensors[1]!)]),
  Transpose: ({ tensors, attributes }) =>
    tf.transpose(tensors[0]!, attributes.get('perm') as number[] | undefined),
  Unsqueeze: (operands) => withAxes(operands.tensors[0]!, numbers(operands, 'axes', 1)!),
  Where: ({ tensors: [condition, a, b] }) => tf.where(tf.cast(condition!, 'bool'), a!, b!),
};
