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
    // silu'(g) = s + s (g - silu), with s the sigmoid.
    const slope = graph.add(sigmoid, graph.mul(sigmoid, graph.sub(gate, silu)));
    tape.accumulate(gradients, gate, graph.mul(graph.mul(dy, up), slope));
  });
  return y;
}
