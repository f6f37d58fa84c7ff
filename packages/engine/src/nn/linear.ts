import type { Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';
import { columnSums, gemm, transposed } from './matrix.js';

/**
 * y = x W' (+ bias | + residual): x [rows, in], weight [out, in] as PyTorch stores it, bias [out], residual [rows, out].
 * The addition rides along in the GEMM, forward and backward.
 */
export function linear(tape: Tape, x: Value, weight: Value, plus: { bias?: Value | undefined; residual?: Value } = {}) {
  const { graph } = tape;
  const { bias, residual } = plus;
  const added = residual ?? bias;
  const product = gemm(graph, x, weight, { transposeB: true, ...(added ? { plus: added } : {}) });
  const y = residual && bias ? graph.add(product, bias) : product;
  tape.record(y, (dy, gradients) => {
    gradients.add(x, (soFar) => gemm(graph, dy, weight, soFar ? { plus: soFar } : {}));
    gradients.add(weight, (soFar) => gemm(graph, transposed(graph, dy), x, soFar ? { plus: soFar } : {}));
    if (bias) gradients.add(bias, (soFar) => columnSums(graph, dy, soFar));
    if (residual) tape.accumulate(gradients, residual, dy);
  });
  return y;
}
