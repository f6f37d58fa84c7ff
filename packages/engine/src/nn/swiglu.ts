import type { Value } from '../graph/graph.js';
import { real } from '../graph/onnx-file.js';
import type { Tape } from '../graph/tape.js';

/** silu(gate) * up with silu(g) = g sigmoid(g); both [rows, width]. */
export function swiglu(tape: Tape, gate: Value, up: Value): Value {
  const { graph } = tape;
  if (!tape.recording) {
    return graph.mul(graph.op('QuickGelu', [gate], gate.shape, { alpha: real(1) }), up);
  }
  const sigmoid = graph.op('Sigmoid', [gate], gate.shape);
  const silu = graph.mul(gate, sigmoid);
  const y = graph.mul(silu, up);
  tape.record(y, (dy, gradients) => {
    tape.accumulate(gradients, up, graph.mul(dy, silu));
    // silu'(g) up = s (up - y) + y, with s the sigmoid: silu' = s + silu (1 - s), and silu up = y.
    const slope = graph.add(graph.mul(sigmoid, graph.sub(up, y)), y);
    tape.accumulate(gradients, gate, graph.mul(dy, slope));
  });
  return y;
}
