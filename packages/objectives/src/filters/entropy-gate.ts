import { tokenColumn } from '../columns.js';
import type { RolloutBatch } from '../objective.js';
import { Tape } from '../tape/tape.js';
import { highEntropyTokens } from './high-entropy.js';

/**
 * [tokens] 1 at tokens that carry loss and whose old entropy is at least the (1 - topFraction) quantile, interpolated
 * linearly, over the response (EARL, arXiv 2511.12033) or over the batch (arXiv 2506.01939). Equal entropies all pass.
 */
export function entropyGate(batch: RolloutBatch, topFraction: number, scope: 'response' | 'batch'): Float64Array {
  const tape = new Tape(batch);
  const entropy = tape.compact(tokenColumn(batch, 'oldEntropy'));
  const gate = new Float64Array(entropy.length);
  const lengths = scope === 'batch' ? [entropy.length] : tape.lengths;
  let from = 0;
  for (const length of lengths) {
    if (length > 0) gate.set(highEntropyTokens(entropy.subarray(from, from + length), topFraction).keep, from);
    from += length;
  }
  return tape.scatter(gate);
}
