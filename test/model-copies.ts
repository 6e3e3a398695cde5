import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FeatureEncoder, type Modality } from '../src/features/encoder.js';
import { loadModel, type ModelConfig } from '../src/inference/model.js';
import { constantsOf, nodeOf, ONNX_MODEL } from './inference/tfjs/onnx-writer.js';

/** What copies are made of. */
export const COPIED = '2026.11-f';

interface Graph {
  node: { input: string[]; output: string[] }[];
  initializer: object[];
  input: { name: string; type: { tensor_type: { shape: { dim: { dim_value?: number }[] } } } }[];
}

/** Copies a model that ships into a directory of models. Under another version it is never the latest. Returns its folder. */
export function copyModel(directory: string, version = COPIED, of = COPIED): string {
  const folder = join(directory, version);
  cpSync(loadModel(of).directory, folder, { recursive: true });
  changeJson<ModelConfig>(folder, 'config.json', (config) => ({
    ...config,
    version,
    channel: version === of ? config.channel : 'experimental',
  }));
  return folder;
}

/** A copy that reads notes too: it adds the first number of the newest note's embedding to each of its logits. */
export function copyReadingNotes(directory: string, version: string, text: Modality): void {
  const folder = copyModel(directory, version);
  const measured = loadModel(COPIED).shape.features;
  let features = 0;
  changeJson<ModelConfig>(folder, 'config.json', (config) => {
    const encoder = { ...config.encoder, modalities: { text } };
    const { featureNames, size } = new FeatureEncoder(encoder);
    features = size;
    const sha256 = changeGraph(join(folder, 'model.onnx'), (graph) => readNotes(graph, measured, size));
    return { ...config, sha256, encoder, featureNames: [...featureNames] };
  });
  // Of a stay without notes nothing is added.
  changeJson<{ cases: { x: number[] }[] }>(folder, 'golden.json', ({ cases }) => ({
    cases: cases.map((each) => ({ ...each, x: [...each.x, ...Array(features - measured).fill(0)] })),
  }));
}

/** Its row `x` [batch, measured] is the first part of one of [batch, features]. */
function readNotes(graph: Graph, measured: number, features: number): Graph {
  const renamed = (names: readonly string[]) =>
    names.map((name) => (name === 'x' ? 'measured' : name === 'logit' ? 'unread' : name));
  const place = (at: number) => ({ type: 'int64' as const, dims: [1], values: [at] });
  const slice = (from: string, to: string, name: string) =>
    ({ op: 'Slice', inputs: ['x', from, to, 'at.1'], outputs: [name] }) as const;
  const nodes = graph.node.map((node) => ({
    ...node,
    input: renamed(node.input),
    output: renamed(node.output),
  }));
  const row = graph.input.find(({ name }) => name === 'x')!;
  row.type.tensor_type.shape.dim[1] = { dim_value: features };
  return {
    ...graph,
    node: [
      nodeOf(slice('at.0', 'at.measured', 'measured'), 0),
      nodeOf(slice('at.measured', 'at.after', 'told'), 1),
      ...nodes,
      nodeOf({ op: 'Add', inputs: ['unread', 'told'], outputs: ['logit'] }, 2),
    ].map((node) => ({ ...node, input: [...node.input], output: [...node.output] })),
    initializer: [
      ...graph.initializer,
      ...constantsOf({
        'at.0': place(0),
        'at.1': place(1),
        'at.measured': place(measured),
        'at.after': place(measured + 1),
      }),
    ],
  };
}

/** Gives the sha256 of the changed file. */
function changeGraph(file: string, change: (graph: Graph) => Graph): string {
  const model = ONNX_MODEL.toObject(ONNX_MODEL.decode(readFileSync(file)), { arrays: true }) as {
    graph: Graph;
  };
  const bytes = ONNX_MODEL.encode(ONNX_MODEL.fromObject({ ...model, graph: change(model.graph) })).finish();
  writeFileSync(file, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

function changeJson<T>(folder: string, name: string, change: (content: T) => T): void {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
}
