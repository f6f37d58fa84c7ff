import type { TokenBatch } from '../engine.js';
import type { Placed } from './data.js';
import { floats, scoredMask, toData } from './data.js';
import type { ServerFacts } from './server-facts.js';
import type { LossCall } from './training-model.js';

/**
 * A loss of the server whose gradient by each log-prob is the given one: dLoss/dlogProb = `gradient`.
 *
 * `sum` servers: cross entropy -sum(w lp) with w = -gradient, as `forward_backward_custom` of the Python SDK does it.
 * `sequence-mean` servers divide cross entropy by its weights, whose sum may be negative or nought. There CISPO,
 * -sum(clip(r) A lp), clipped to exactly 1 on both sides is linear in the log-probs for any r; its divisors, scored
 * tokens of the sequence times sequences, are known and taken back by A = -gradient x tokens x sequences.
 */
export function surrogateData(
  batch: TokenBatch,
  gradient: Float32Array,
  { reduction }: Pick<ServerFacts, 'reduction'>,
): { readonly placed: Placed[]; readonly loss: LossCall } {
  if (reduction === 'sum') {
    const placed = toData(batch, (from, to) => ({ weights: floats(Array.from(gradient.subarray(from, to), negated)) }));
    return { placed, loss: { name: 'cross_entropy' } };
  }
  const mask = scoredMask(batch);
  const { offsets } = batch;
  const sequences = offsets.subarray(1).filter((end, i) => end - (offsets[i] as number) > 1).length;
  const placed = toData(batch, (from, to) => {
    const weights = Array.from(mask.subarray(from, to));
    const scale = sequences * weights.reduce((sum, weight) => sum + weight, 0);
    return {
      weights: floats(weights),
      advantages: floats(Array.from(gradient.subarray(from, to), (value) => negated(value * scale))),
      logprobs: floats(weights.map(() => 0)),
    };
  });
  return { placed, loss: { name: 'cispo', config: { clip_low_threshold: 1, clip_high_threshold: 1 } } };
}

/** Without a negative nought, which some JSON readers take for a text. */
function negated(value: number): number {
  return value === 0 ? 0 : -value;
}
