import { encodeModel, I64, type Attribute, type OnnxNode } from './onnx-file.js';

/** Element types that the engine's graphs use. */
export type DType = 'f32' | 'i32' | 'i64';

/** A dimension: a fixed length, or the name of a symbolic one that is known when the graph runs. */
export type Dim = number | string;

/** A tensor in a graph: where a node writes it, others read it. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** Operators that live outside the standard ONNX domain. */
const CONTRIB_OPS = new Set(['FusedMatMul', 'QuickGelu', 'RotaryEmbedding']);

type ConstantData = Float32Array | Int32Array | BigInt64Array;

/**
 * An ONNX graph under construction. Weights are graph inputs, so that one copy of them serves every graph and every
 * step; a graph that runs often under the same weights may have them as constants, which it lays out for its products
 * once (in further memory). Symbolic dimensions cost nothing at run time.
 */
export class Graph {
  private readonly nodes: OnnxNode[] = [];
  private readonly inputs: Value[] = [];
  private readonly outputs: Value[] = [];
  private readonly constants = new Map<string, { value: Value; data: ConstantData }>();
  private readonly shapes = new Map<string, Value>();
  private readonly weights = new Map<string, { value: Value; offset: number }>();
  private readonly viewed = new Map<Value, Value>();
  private counter = 0;

  /** @param singleThreaded One thread runs each op, so that one which adds to repeated rows may do so row by row. */
  constructor(readonly singleThreaded = false) {}

  /** Declares a tensor that the caller feeds. */
  input(name: string, dtype: DType, shape: readonly Dim[]): Value {
    const known = this.inputs.find((value) => value.name === name);
    if (known) return known;
    const value = { name, dtype, shape };
    this.inputs.push(value);
    return value;
  }

  /** Makes a tensor fetchable under `name`. */
  output(name: string, value: Value): void {
    const named = { name, dtype: value.dtype, shape: value.shape };
    this.nodes.push({ type: 'Identity', domain: '', inputs: [value.name], outputs: [name], attributes: {} });
    this.outputs.push(named);
  }

  /** A tensor fixed when the graph is built; equal small constants are stored once. */
  constant(dtype: DType, shape: readonly number[], data: ConstantData): Value {
    const key = data.length <= 64 ? `${dtype}[${shape.join()}]${data.join()}` : `unique${this.counter}`;
    const known = this.constants.get(key);
    if (known) return known.value;
    const value = { name: this.fresh('c'), dtype, shape };
    this.constants.set(key, { value, data });
    return value;
  }

  /** An f32 constant of the memory that the session is created with, elements from `offset` on. */
  weight(name: string, shape: readonly number[], offset: number): Value {
    const known = this.weights.get(name);
    if (known) return known.value;
    const value = { name, dtype: 'f32', shape } as const;
    this.weights.set(name, { value, offset });
    return value;
  }

  scalar(x: number): Value {
    return this.constant('f32', [], Float32Array.of(x));
  }

  integers(xs: readonly number[]): Value {
    return this.constant('i64', [xs.length], BigInt64Array.from(xs.map(BigInt)));
  }

  /** The run-time length of a symbolic dimension, as an i64 tensor of shape [1] that the caller feeds. */
  dimension(name: string): Value {
    return this.input(`dim:${name}`, 'i64', [1]);
  }

  /** Emits a node with one output. The output has the dtype of the first input unless told otherwise. */
  op(
    type: string,
    inputs: readonly (Value | undefined)[],
    shape: readonly Dim[],
    attributes: Readonly<Record<string, Attribute>> = {},
    dtype: DType = inputs[0]?.dtype ?? 'f32',
  ): Value {
    const [value] = this.ops(type, inputs, [{ shape, dtype }], attributes);
    return value as Value;
  }

  /** Emits a node with several outputs. */
  ops(
    type: string,
    inputs: readonly (Value | undefined)[],
    results: readonly { readonly shape: readonly Dim[]; readonly dtype: DType }[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const values = results.map(({ shape, dtype }) => ({ name: this.fresh('v'), dtype, shape }));
    this.nodes.push({
      type,
      domain: CONTRIB_OPS.has(type) ? 'com.microsoft' : '',
      inputs: inputs.map((value) => value?.name ?? ''),
      outputs: values.map((value) => value.name),
      attributes,
    });
    return values;
  }

  /**
   * Views the same elements under another shape. `to` may hold fixed lengths, names of `dimension`s, and one -1 for
   * what is left; `shape` names the result's dimensions where `to` has a -1.
   */
  reshape(x: Value, to: readonly Dim[], shape: readonly Dim[] = to): Value {
    // A view of a view is a view of the original, or the original itself. A first view always becomes a node: `transposed`
    // needs it even where nothing changes.
    const viewed = this.viewed.get(x);
    if (viewed?.shape.join() === shape.join()) return viewed;
    const original = viewed ?? x;
    const view = this.op('Reshape', [original, this.shapeTensor(to)], shape);
    this.viewed.set(view, original);
    return view;
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    return this.op(
      'Transpose',
      [x],
      permutation.map((axis) => x.shape[axis] as Dim),
      { perm: permutation },
    );
  }

  /** The elements of x from `from` to before `to`, [1] i64 each, along one axis; absent: to the end. */
  slice(x: Value, axis: number, [from, to]: readonly [Value | 0, Value | undefined], shape: readonly Dim[]): Value {
    const start = from === 0 ? this.integers([0]) : from;
    return this.op('Slice', [x, start, to ?? this.integers([2 ** 31]), this.integers([axis])], shape);
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b], a.shape);
  }

  sub(a: Value, b: Value): Value {
    return this.op('Sub', [a, b], a.shape);
  }

  mul(a: Value, b: Value): Value {
    return this.op('Mul', [a, b], a.shape);
  }

  /** A tensor of equal elements with the run-time shape `dims`. */
  filled(x: number, dims: readonly Dim[]): Value {
    return this.op('Expand', [this.scalar(x), this.shapeTensor(dims)], dims);
  }

  /** Sum over one axis, which stays with length 1. */
  sum(x: Value, axis: number): Value {
    const at = axis < 0 ? x.shape.length + axis : axis;
    const shape = x.shape.map((dim, i) => (i === at ? 1 : dim));
    return this.op('ReduceSum', [x, this.integers([axis])], shape, { keepdims: 1 });
  }

  /** x as 64-bit integers, which some ops insist on. */
  long(x: Value): Value {
    return x.dtype === 'i64' ? x : this.op('Cast', [x], x.shape, { to: I64 }, 'i64');
  }

  /** A i64 tensor holding `dims`; names are read from their `dimension` inputs at run time. */
  shapeTensor(dims: readonly Dim[]): Value {
    if (dims.every((dim) => typeof dim === 'number')) return this.integers(dims);
    const key = dims.join();
    const known = this.shapes.get(key);
    if (known) return known;
    const parts = dims.map((dim) => (typeof dim === 'number' ? this.integers([dim]) : this.dimension(dim)));
    const value = this.op('Concat', parts, [dims.length], { axis: 0 });
    this.shapes.set(key, value);
    return value;
  }

  /** The finished graph as an ONNX file in memory. */
  encode(): Uint8Array {
    return encodeModel({
      nodes: this.neededNodes(),
      inputs: this.inputs,
      outputs: this.outputs,
      constants: [...this.constants.values()],
      weights: [...this.weights.values()],
    });
  }

  /** The nodes that some output depends on: a view may have been taken that nobody reads. */
  private neededNodes(): OnnxNode[] {
    const needed = new Set(this.outputs.map(({ name }) => name));
    const kept = [...this.nodes].reverse().filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false;
      for (const name of node.inputs) needed.add(name);
      return true;
    });
    return kept.reverse();
  }

  private fresh(prefix: string): string {
    return `${prefix}${this.counter++}`;
  }
}
