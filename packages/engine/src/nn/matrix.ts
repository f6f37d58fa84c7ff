import { real } from '../graph/onnx-file.js';
import type { Dim, Graph, Value } from '../graph/graph.js';

interface ProductOptions {
  readonly transposeB?: boolean;
  /** The product is multiplied by this. */
  readonly scale?: number;
}

/** a [m, k] x b [k, n] (+ plus [m, n] or [n]): one GEMM, the addition included. See `transposed` for a transposed a. */
export function gemm(
  graph: Graph,
  a: Value,
  b: Value,
  options: ProductOptions & { readonly plus?: Value } = {},
): Value {
  const { transposeB = false, scale = 1, plus } = options;
  const shape = [a.shape[0] as Dim, b.shape[transposeB ? 0 : 1] as Dim];
  const attributes = { transB: transposeB ? 1 : 0, alpha: real(scale) };
  return graph.op('Gemm', plus ? [a, b, plus] : [a, b], shape, attributes);
}

/**
 * x [rows, width] transposed, as the first factor of a GEMM. The product could transpose it itself and takes an eighth
 * longer so: it copies x for every panel of columns. The view keeps ONNX Runtime from putting the two together.
 */
export function transposed(graph: Graph, x: Value): Value {
  const [rows, width] = x.shape as [Dim, number];
  return graph.reshape(graph.transpose(x, [1, 0]), [width, -1], [width, rows]);
}

/** Batched product over the last two axes; leading axes must agree. */
export function matmul(
  graph: Graph,
  a: Value,
  b: Value,
  options: ProductOptions & { readonly transposeA?: boolean } = {},
): Value {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  const rank = a.shape.length;
  const rows = a.shape[transposeA ? rank - 1 : rank - 2] as Dim;
  const columns = b.shape[transposeB ? rank - 2 : rank - 1] as Dim;
  return graph.op('FusedMatMul', [a, b], [...a.shape.slice(0, -2), rows, columns], {
    transA: transposeA ? 1 : 0,
    transB: transposeB ? 1 : 0,
    alpha: real(scale),
  });
}

/** Sums over the rows of x [rows, n], on top of `plus` [n]. */
export function columnSums(graph: Graph, x: Value, plus: Value | undefined): Value {
  const rows = x.shape[0] as Dim;
  return weightedSums(graph, graph.filled(1, [rows, 1]), x, plus);
}

/** Sums over the rows of x [rows, n], each multiplied by its weight [rows, 1], on top of `plus` [n]. */
export function weightedSums(graph: Graph, weights: Value, x: Value, plus: Value | undefined): Value {
  const [rows, width] = x.shape as [Dim, Dim];
  const row = graph.reshape(weights, [1, -1], [1, rows]);
  const sums = gemm(graph, row, x, plus ? { plus: graph.reshape(plus, [1, width]) } : {});
  return graph.reshape(sums, [width]);
}
