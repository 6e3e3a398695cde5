import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { temporaryDirectory } from '../../helpers.js';

/** What a test writes of onnx.proto: with the version and the types that ONNX Runtime insists on. */
const SCHEMA = `
syntax = "proto2";
message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated Opset opset_import = 8; }
message Opset { optional string domain = 1; optional int64 version = 2; }
message Graph {
  repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5;
  repeated Value input = 11; repeated Value output = 12;
}
message Node {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated Attribute attribute = 5;
}
message Attribute {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; optional Tensor t = 5;
  repeated float floats = 7; repeated int64 ints = 8; optional int32 type = 20;
}
message Tensor {
  repeated int64 dims = 1; optional int32 data_type = 2; repeated float float_data = 4 [packed = true];
  repeated int32 int32_data = 5 [packed = true]; repeated int64 int64_data = 7 [packed = true];
  optional string name = 8; optional bytes raw_data = 9; repeated double double_data = 10 [packed = true];
}
message Value { optional string name = 1; optional Type type = 2; }
message Type { optional TensorType tensor_type = 1; }
message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
message Shape { repeated Dimension dim = 1; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`;
/** An ONNX file as data, as far as tests write and change one. */
export const ONNX_MODEL = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Model');
const TYPE = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 } as const;
type ElementType = keyof typeof TYPE;

export interface WrittenConstant {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly values: readonly number[];
  /** As little-endian bytes, or else in the field of its type. */
  readonly isRaw?: boolean;
}

export interface WrittenNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[] | string | WrittenConstant>>;
  /** Attributes that are numbers with a fraction. */
  readonly floats?: Readonly<Record<string, number>>;
}

export interface WrittenGraph {
  readonly nodes: readonly WrittenNode[];
  readonly constants?: Readonly<Record<string, WrittenConstant>>;
  readonly inputs: Readonly<Record<string, { type: ElementType; dims: readonly number[] }>>;
  readonly outputs: Readonly<Record<string, ElementType>>;
}

/** Writes an ONNX file (operator set 17) into a directory of its own; returns its path. */
export function writeOnnx({ nodes, constants = {}, inputs, outputs }: WrittenGraph): string {
  const graph = {
    name: 'test',
    node: nodes.map(nodeOf),
    initializer: constantsOf(constants),
    input: Object.entries(inputs).map(([name, { type, dims }]) => ({
      name,
      type: {
        tensor_type: { elem_type: TYPE[type], shape: { dim: dims.map((dim_value) => ({ dim_value })) } },
      },
    })),
    output: Object.entries(outputs).map(([name, type]) => ({
      name,
      type: { tensor_type: { elem_type: TYPE[type] } },
    })),
  };
  const file = join(temporaryDirectory(), 'graph.onnx');
  writeFileSync(
    file,
    ONNX_MODEL.encode(
      ONNX_MODEL.create({ ir_version: 8, graph, opset_import: [{ domain: '', version: 17 }] }),
    ).finish(),
  );
  return file;
}

/** A node as `ONNX_MODEL` has it; its name is of no other node with another index. */
export function nodeOf({ op, inputs, outputs, attributes = {}, floats = {} }: WrittenNode, index: number) {
  return {
    input: inputs,
    output: outputs,
    name: `${op} ${index}`,
    op_type: op,
    attribute: [
      ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      ...Object.entries(floats).map(([name, f]) => ({ name, f, type: 1 })),
    ],
  };
}

/** Constants as `ONNX_MODEL` has them. */
export function constantsOf(constants: Readonly<Record<string, WrittenConstant>>) {
  return Object.entries(constants).map(([name, each]) => ({ name, ...tensor(each) }));
}

function attribute(name: string, value: number | readonly number[] | string | WrittenConstant) {
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 3 };
  if ('dims' in value) return { name, t: tensor(value), type: 4 };
  return { name, ints: value, type: 7 };
}

function tensor({ type, dims, values, isRaw = true }: WrittenConstant) {
  const head = { dims, data_type: TYPE[type] };
  if (!isRaw) {
    const field = {
      float: 'float_data',
      int32: 'int32_data',
      int64: 'int64_data',
      bool: 'int32_data',
      double: 'double_data',
    };
    return { ...head, [field[type]]: values };
  }
  const arrays = {
    float: () => Float32Array.from(values),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values.map(BigInt)),
    bool: () => Uint8Array.from(values),
    double: () => Float64Array.from(values),
  };
  return { ...head, raw_data: new Uint8Array(arrays[type]().buffer) };
}
