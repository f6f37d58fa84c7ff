import type { Dim, Value } from '../graph/graph.js';
import { real } from '../graph/onnx-file.js';
import type { Tape } from '../graph/tape.js';
import { columnSums, gemm } from './matrix.js';

/** y = w x / sqrt(mean(x^2) + eps) over the last axis: x [rows, width], weight [width]. */
export function rmsNorm(tape: Tape, x: Value, weight: Value, eps: number): Value {
  const { graph } = tape;
  const [rows, width] = x.shape as [Dim, number];
  const results = [{ shape: x.shape, dtype: x.dtype }];
  // The second output, 1/rms, is what the backward pass needs.
  if (tape.recording) results.push({ shape: [rows, 1], dtype: x.dtype });
  const attributes = { axis: -1, epsilon: real(eps), stash_type: 1 };
  const [y, inverse] = graph.ops('SimplifiedLayerNormalization', [x, weight], results, attributes) as [Value, Value];
  tape.record(y, (dy, gradients) => {
    const normalised = graph.mul(x, inverse);
    const product = graph.mul(dy, normalised);
    gradients.add(weight, (soFar) => columnSums(graph, product, soFar));
    const projection = gemm(graph, product, graph.reshape(weight, [width, 1]), { scale: 1 / width });
    const centred = graph.sub(graph.mul(dy, weight), graph.mul(normalised, projection));
    tape.accumulate(gradients, x, graph.mul(centred, inverse));
  });
  return y;
}
