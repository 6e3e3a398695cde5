import { keep, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { WardstreamError } from '../../errors.js';
import type { GraphNode, OnnxGraph } from '../onnx-file.js';
import { OPERATORS, type Operands } from './operators.js';

/** When a node's outputs are known: once for all, once for each number of rows, or in each run. */
type Stage = 'constant' | 'shape' | 'run';
type Values = Map<string, Tensor>;

/**
 * An ONNX graph that runs on TensorFlow.js, node by node: same file, same weights. What depends on constants only is
 * computed when the graph is opened; what depends on the number of rows only, once for each number.
 */
export class TfjsGraph {
  readonly #graph: OnnxGraph;
  /** Nodes that depend on an input, be it on its shape only. */
  readonly #varying: GraphNode[] = [];
  readonly #running: GraphNode[] = [];
  readonly #shapeNames = new Set<string>();
  readonly #constants: Values = new Map();
  readonly #shapes = new Map<number, Values>();
  readonly #integers = new WeakMap<Tensor, readonly number[]>();

  /** @throws WardstreamError `WS_MODEL` naming the operators that are not supported. */
  constructor(graph: OnnxGraph, file: string) {
    this.#graph = graph;
    const unknown = new Set(graph.nodes.flatMap(({ op }) => (op in OPERATORS ? [] : op)));
    if (unknown.size > 0) {
      const which = [...unknown].sort().join(', ');
      throw new WardstreamError(
        'WS_MODEL',
        `${file} cannot run on TensorFlow.js, which lacks the operators ${which}; use model.runtime onnx`,
      );
    }
    for (const [name, { data, shape, type }] of graph.constants) {
      this.#constants.set(name, keep(tensor(data, [...shape], type)));
    }
    const stages = new Map<string, Stage>([...graph.constants.keys()].map((name) => [name, 'constant']));
    const fixed: GraphNode[] = [];
    for (const node of graph.nodes) {
      const stage = stageOf(node, stages);
      if (stage === 'constant') fixed.push(node);
      else this.#varying.push(node);
      if (stage === 'run') this.#running.push(node);
      for (const name of node.outputs) {
        stages.set(name, stage);
        if (stage === 'shape') this.#shapeNames.add(name);
      }
    }
    tidy(() => {
      this.#apply(fixed, [this.#constants], this.#constants);
      for (const each of this.#constants.values()) keep(each);
    });
  }

  /** Runs the graph on inputs of `rows` rows each; the caller disposes of what comes back. */
  run(inputs: Readonly<Record<string, Tensor>>, rows: number): Record<string, Tensor> {
    const values: Values = new Map(Object.entries(inputs));
    const shapes = this.#shapes.get(rows);
    return tidy(() => {
      const known = [this.#constants, values, ...(shapes === undefined ? [] : [shapes])];
      this.#apply(shapes === undefined ? this.#varying : this.#running, known, values);
      if (shapes === undefined) {
        const kept = [...this.#shapeNames].map((name) => [name, keep(values.get(name)!)] as const);
        this.#shapes.set(rows, new Map(kept));
      }
      return Object.fromEntries(this.#graph.outputs.map((name) => [name, find(known, name)!]));
    });
  }

  dispose(): void {
    for (const values of [this.#constants, ...this.#shapes.values()])
      for (const each of values.values()) each.dispose();
    this.#shapes.clear();
    this.#constants.clear();
  }

  #apply(nodes: readonly GraphNode[], known: readonly Values[], into: Values): void {
    for (const { op, inputs, outputs, attributes, name } of nodes) {
      const tensors = inputs.map((input) => (input === '' ? undefined : find(known, input)));
      const operands: Operands = {
        tensors,
        attributes,
        outputs: outputs.length,
        integers: (of) => this.#read(of),
      };
      try {
        const result = OPERATORS[op](operands);
        const results = Array.isArray(result) ? result : [result];
        for (const [index, output] of outputs.entries()) if (output !== '') into.set(output, results[index]);
      } catch (error) {
        throw new WardstreamError('WS_MODEL', `TensorFlow.js cannot run ${op} (${name}): ${String(error)}`, {
          cause: error,
        });
      }
    }
  }

  /** The numbers in a tensor of shapes, axes or places; read once, since such tensors are kept. */
  #read(of: Tensor): readonly number[] {
    let numbers = this.#integers.get(of);
    if (numbers === undefined) {
      numbers = [...of.dataSync<'int32'>()];
      this.#integers.set(of, numbers);
    }
    return numbers;
  }
}

function stageOf({ op, inputs }: GraphNode, stages: ReadonlyMap<string, Stage>): Stage {
  if (op === 'Shape') return 'shape';
  const among = inputs.flatMap((name) => (name === '' ? [] : (stages.get(name) ?? 'run')));
  if (among.includes('run')) return 'run';
  return among.includes('shape') ? 'shape' : 'constant';
}

function find(known: readonly Values[], name: string): Tensor | undefined {
  for (const values of known) {
    const value = values.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
