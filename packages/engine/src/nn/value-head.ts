import type { Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';
import { VALUE_HEAD } from '../model/layout.js';
import type { Parameters } from './decoder.js';
import { linear } from './linear.js';

/** One number a row, [rows, 1], of the last hidden states [rows, hidden]: what is still to be earned from there on. */
export function valueHead(tape: Tape, parameters: Parameters, normed: Value): Value {
  return linear(tape, normed, parameters(VALUE_HEAD.weight), { bias: parameters(VALUE_HEAD.bias) });
}
