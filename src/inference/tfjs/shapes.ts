import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** An axis counted from the end where it is negative. */
export function axisOf(x: Tensor, axis: number): number {
  return axis < 0 ? axis + x.rank : axis;
}

/** Puts axes of size 1 in, at places of the result. */
export function withAxes(x: Tensor, axes: readonly number[]): Tensor {
  const rank = x.rank + axes.length;
  const places = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const sizes = [...x.shape];
  return tf.reshape(
    x,
    Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : sizes.shift()!)),
  );
}

/** Over all axes where none are given. */
export function reduce(
  x: Tensor,
  axes: readonly number[] | undefined,
  keepDims: boolean,
  apply: (x: Tensor, axes: number[], keepDims: boolean) => Tensor,
): Tensor {
  const over = axes === undefined || axes.length === 0 ? x.shape.map((_, axis) => axis) : [...axes];
  return apply(x, over, keepDims);
}

/** NumPy's matrix product: vectors as rows or columns, leading axes broadcast. */
export function matMul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 1) return tf.squeeze(matMul(withAxes(a, [0]), b), [Math.max(2, b.rank) - 2]);
  if (b.rank === 1) return tf.squeeze(matMul(a, withAxes(b, [1])), [a.rank - 1]);
  if (b.rank === 2 && a.rank > 2) {
    const flat = tf.matMul(tf.reshape(a, [-1, a.shape[a.rank - 1]]), b);
    return tf.reshape(flat, [...a.shape.slice(0, -1), ...b.shape.slice(1)]);
  }
  const rank = Math.max(a.rank, b.rank);
  const lead = (x: Tensor) => tf.reshape(x, [...Array(rank - x.rank).fill(1), ...x.shape]);
  return tf.matMul(lead(a), lead(b));
}

/** Python's slices, of the axes named or of the first ones; ends may lie beyond the tensor. */
export function slice(
  x: Tensor,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] | undefined,
  steps: readonly number[] | undefined,
): Tensor {
  const begin = x.shape.map(() => 0);
  const end = [...x.shape];
  const stride = x.shape.map(() => 1);
  starts.forEach((start, index) => {
    const axis = axisOf(x, axes?.[index] ?? index);
    const size = x.shape[axis];
    const step = steps?.[index] ?? 1;
    if (step < 1) throw new Error('slices that run backwards are not supported');
    const within = (place: number) => Math.max(0, Math.min(size, place < 0 ? place + size : place));
    begin[axis] = within(start);
    end[axis] = Math.max(begin[axis], within(ends[index]));
    stride[axis] = step;
  });
  if (stride.every((step) => step === 1)) {
    return tf.slice(
      x,
      begin,
      end.map((place, axis) => place - begin[axis]),
    );
  }
  return tf.stridedSlice(x, begin, end, stride);
}

/**
 * Einstein's sum, of letters without ellipsis or repeats in one operand: lays every operand out along all letters,
 * multiplies, and sums over those that are not in the result.
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const isPlain = (term: string) => /^[a-zA-Z]*$/.test(term) && new Set(term).size === term.length;
  if (right === undefined || ![right, ...terms].every(isPlain))
    throw new Error(`einsum ${equation} is not supported`);
  const summed = [...new Set(terms.join(''))].filter((letter) => !right.includes(letter));
  const letters = [...right, ...summed];
  const laid = operands.map((operand, index) => {
    const term = terms[index];
    const present = letters.filter((letter) => term.includes(letter));
    const ordered = tf.transpose(
      operand,
      present.map((letter) => term.indexOf(letter)),
    );
    return tf.reshape(
      ordered,
      letters.map((letter) => (term.includes(letter) ? operand.shape[term.indexOf(letter)] : 1)),
    );
  });
  const product = laid.reduce((a, b) => tf.mul(a, b));
  return summed.length === 0
    ? product
    : tf.sum(
        product,
        summed.map((_, index) => right.length + index),
      );
}
