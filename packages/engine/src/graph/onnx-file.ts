import onnxProto from 'onnx-proto';
import type { DType, Value } from './graph.js';

const { onnx } = onnxProto;

/** Integers and lists of integers are written as such; a real number is wrapped by `real`. */
export type Attribute = number | readonly number[] | string | { readonly real: number };

/** Marks a node attribute as floating point, which ONNX distinguishes from an integer of equal value. */
export function real(x: number): Attribute {
  return { real: x };
}

export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly {
    readonly value: Value;
    readonly data: Float32Array | Int32Array | BigInt64Array;
  }[];
  /** Constants that lie in memory which the session is given: elements from `offset` on. */
  readonly weights: readonly { readonly value: Value; readonly offset: number }[];
}

/** Name of the memory that `OnnxGraph.weights` lie in, as f32. */
export const WEIGHTS = 'weights';

const IR_VERSION = 10;
const OPSET = 18;
/** ONNX's number of an element type. */
export const I64 = 7;
const ELEMENT_TYPE: Record<DType, number> = { f32: 1, i32: 6, i64: I64 };

/** Serialises a graph to the bytes of an ONNX file. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'touchstone',
    opsetImport: [
      { domain: '', version: OPSET },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'graph',
      node: graph.nodes.map((node) => ({
        opType: node.type,
        domain: node.domain,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
      })),
      input: graph.inputs.map(encodeValueInfo),
      output: graph.outputs.map(encodeValueInfo),
      initializer: [...graph.constants.map(encodeConstant), ...graph.weights.map(encodeWeight)],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

function encodeConstant({ value, data }: OnnxGraph['constants'][number]) {
  return {
    name: value.name,
    dataType: ELEMENT_TYPE[value.dtype],
    dims: value.shape.map(Number),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function encodeWeight({ value, offset }: OnnxGraph['weights'][number]) {
  const dims = value.shape.map(Number);
  const length = dims.reduce((product, dim) => product * dim, 1);
  const entries = { location: WEIGHTS, offset: String(4 * offset), length: String(4 * length) };
  return {
    name: value.name,
    dataType: ELEMENT_TYPE.f32,
    dims,
    dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, text]) => ({ key, value: text })),
  };
}

function encodeAttribute(name: string, value: Attribute) {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('real' in value) return { name, type: AttributeType.FLOAT, f: value.real };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function encodeValueInfo(value: Value) {
  return {
    name: value.name,
    type: {
      tensorType: {
        elemType: ELEMENT_TYPE[value.dtype],
        shape: { dim: value.shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
      },
    },
  };
}
