import type { Dim, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';

/** Cosines and sines of the rotation angles, [positions, headDim / 2], as graph constants. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
  readonly negativeSin: Value;
}

/**
 * Tables for positions 0 .. positions - 1 from the angular frequencies of the pairs, [headDim / 2]. What they turn is
 * multiplied by `scale` on the way.
 */
export function rotaryTables(tape: Tape, frequencies: Float32Array, positions: number, scale = 1): RotaryTables {
  const pairs = frequencies.length;
  const cos = new Float32Array(positions * pairs);
  const sin = new Float32Array(positions * pairs);
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < pairs; pair++) {
      const angle = Math.fround(position * (frequencies[pair] as number));
      cos[position * pairs + pair] = scale * Math.cos(angle);
      sin[position * pairs + pair] = scale * Math.sin(angle);
    }
  }
  const table = (data: Float32Array) => tape.graph.constant('f32', [positions, pairs], data);
  return { cos: table(cos), sin: table(sin), negativeSin: tape.recording ? table(sin.map((x) => -x)) : table(sin) };
}

/**
 * Rotates each head's two halves by the angle of its position (the half-split layout of Hugging Face checkpoints):
 * x [tokens, heads * headDim], positions [tokens, 1] (i64).
 */
export function rotary(tape: Tape, x: Value, positions: Value, tables: RotaryTables): Value {
  const { graph } = tape;
  const width = x.shape[1] as number;
  const rotate = (value: Value, sin: Value) => {
    const headDim = 2 * (tables.cos.shape[1] as number);
    const heads = width / headDim;
    const split = graph.reshape(value, [-1, heads, 1, headDim], [x.shape[0] as Dim, heads, 1, headDim]);
    const attributes = { interleaved: 0, num_heads: heads, rotary_embedding_dim: 0 };
    const turned = graph.op('RotaryEmbedding', [split, positions, tables.cos, sin], split.shape, attributes);
    return graph.reshape(turned, [-1, width], x.shape);
  };
  const y = rotate(x, tables.sin);
  // The transpose of a rotation is the rotation by the negative angle.
  tape.record(y, (dy, gradients) => tape.accumulate(gradients, x, rotate(dy, tables.negativeSin)));
  return y;
}
