import type { Dim, Value } from '../graph/graph.js';
import { real } from '../graph/onnx-file.js';
import type { Tape } from '../graph/tape.js';
import { gemm, weightedSums } from './matrix.js';

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
    const product = graph.mul(dy, x);
    gradients.add(weight, (soFar) => weightedSums(graph, inverse, product, soFar));
    // dx = r w dy - r^3 mean(w dy x) x with r = 1/rms.
    const mean = gemm(graph, product, graph.reshape(weight, [width, 1]), { scale: 1 / width });
    const share = graph.mul(mean, graph.mul(inverse, graph.mul(inverse, inverse)));
    const along = graph.mul(graph.mul(dy, weight), inverse);
    tape.accumulate(gradients, x, graph.sub(along, graph.mul(x, share)));
  });
  return y;
}
