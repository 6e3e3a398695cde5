import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { WardstreamError } from '../errors.js';

/** The part of onnx.proto (ONNX IR, https://github.com/onnx/onnx) that a step graph uses; field numbers are the format's. */
const ONNX_SCHEMA = `
syntax = "proto2";
message Model { optional Graph graph = 7; }
message Graph {
  repeated Node node = 1; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12;
}
message Node {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string opType = 4;
  repeated Attribute attribute = 5;
}
message Attribute {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; optional Tensor t = 5;
  repeated float floats = 7; repeated int64 ints = 8; optional int32 type = 20;
}
message Tensor {
  repeated int64 dims = 1; optional int32 dataType = 2; repeated float floatData = 4 [packed = true];
  repeated int32 int32Data = 5 [packed = true]; repeated int64 int64Data = 7 [packed = true];
  optional string name = 8; optional bytes rawData = 9; repeated double doubleData = 10 [packed = true];
}
message Value { optional string name = 1; }
`;

/** A constant of the graph. 64-bit integers are narrowed to 32, doubles to floats: as far as the model's numbers go. */
export interface GraphConstant {
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int32' | 'bool';
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export type GraphAttribute = number | string | readonly number[] | GraphConstant;

/** One operation of the ONNX operator set. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of values; '' for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, GraphAttribute>;
}

/** An ONNX graph as data: nodes in an order in which they can run. */
export interface OnnxGraph {
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, GraphConstant>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

interface RawTensor {
  dims: number[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  doubleData: number[];
  name: string;
  rawData: Uint8Array;
}
interface RawAttribute {
  name: string;
  f: number;
  i: number;
  s: Uint8Array;
  t: RawTensor | null;
  floats: number[];
  ints: number[];
  type: number;
}
interface RawModel {
  graph: {
    node: { name: string; opType: string; input: string[]; output: string[]; attribute: RawAttribute[] }[];
    initializer: RawTensor[];
    input: { name: string }[];
    output: { name: string }[];
  } | null;
}

/** Reads an ONNX file. @throws WardstreamError `WS_MODEL` where it is none, or holds a constant of another kind. */
export function readOnnxFile(file: string): OnnxGraph {
  let model: RawModel;
  try {
    const type = protobuf.parse(ONNX_SCHEMA, { keepCase: true }).root.lookupType('Model');
    const options = { longs: Number, defaults: true, arrays: true };
    model = type.toObject(type.decode(readFileSync(file)), options) as RawModel;
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is not an ONNX file: ${String(error)}`, { cause: error });
  }
  const { graph } = model;
  if (graph === null) throw new WardstreamError('WS_MODEL', `${file} holds no graph`);
  const constants = new Map<string, GraphConstant>();
  for (const tensor of graph.initializer) constants.set(tensor.name, constantOf(tensor, file));
  return {
    nodes: graph.node.map(({ name, opType: op, input: inputs, output: outputs, attribute }) => ({
      name,
      op,
      inputs,
      outputs,
      attributes: new Map(attribute.map((each) => [each.name, attributeOf(each, file)])),
    })),
    constants,
    inputs: graph.input.flatMap(({ name }) => (constants.has(name) ? [] : name)),
    outputs: graph.output.map(({ name }) => name),
  };
}

/** Attribute types of the format: 1 FLOAT, 2 INT, 3 STRING, 4 TENSOR, 6 FLOATS, 7 INTS. */
function attributeOf({ name, type, f, i, s, t, floats, ints }: RawAttribute, file: string): GraphAttribute {
  switch (type) {
    case 1:
      return f;
    case 2:
      return i;
    case 3:
      return Buffer.from(s).toString();
    case 4:
      return constantOf(t!, file);
    case 6:
      return floats;
    case 7:
      return ints;
    default:
      throw new WardstreamError('WS_MODEL', `${file}: attribute ${name} is of a kind that is not supported`);
  }
}

/** Data types of the format: 1 FLOAT, 6 INT32, 7 INT64, 9 BOOL, 11 DOUBLE. */
function constantOf(tensor: RawTensor, file: string): GraphConstant {
  const { dims: shape, rawData, dataType } = tensor;
  // Raw data is little-endian, as every machine that Node runs on; copied, since it may not be aligned.
  const raw = rawData.length > 0 ? Uint8Array.from(rawData).buffer : null;
  switch (dataType) {
    case 1:
      return {
        shape,
        type: 'float32',
        data: raw ? new Float32Array(raw) : Float32Array.from(tensor.floatData),
      };
    case 11:
      return {
        shape,
        type: 'float32',
        data: Float32Array.from(raw ? new Float64Array(raw) : tensor.doubleData),
      };
    case 6:
      return { shape, type: 'int32', data: raw ? new Int32Array(raw) : Int32Array.from(tensor.int32Data) };
    case 7: {
      const wide = raw ? Array.from(new BigInt64Array(raw), Number) : tensor.int64Data;
      return { shape, type: 'int32', data: Int32Array.from(wide, narrow) };
    }
    case 9:
      return { shape, type: 'bool', data: raw ? new Uint8Array(raw) : Uint8Array.from(tensor.int32Data) };
    default:
      throw new WardstreamError(
        'WS_MODEL',
        `${file}: constant ${tensor.name} has data type ${dataType}, not supported`,
      );
  }
}

/** The ends of slices are written as the largest integer there is. */
function narrow(value: number): number {
  return Math.max(-0x8000_0000, Math.min(0x7fff_ffff, value));
}
