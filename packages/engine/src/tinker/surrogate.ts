import type { PolicyLoss, TokenBatch } from '../engine.js';
import type { Placed } from './data.js';
import { floats, scoredMask, toData } from './data.js';
import type { ServerFacts } from './server-facts.js';
import type { LossCall } from './remote-model.js';

/** What a request for a gradient is made of. */
export interface LossData {
  readonly placed: Placed[];
  readonly loss: LossCall;
}

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
): LossData {
  if (reduction === 'sum') {
    const placed = toData(batch, (from, to) => ({ weights: floats(Array.from(gradient.subarray(from, to), negated)) }));
    return { placed, loss: { name: 'cross_entropy' } };
  }
  const divided = divisors(batch);
  const placed = toData(batch, (from, to) => {
    const { weights, divisor } = divided(from, to);
    return {
      weights: floats(weights),
      advantages: floats(Array.from(gradient.subarray(from, to), (value) => negated(value * divisor))),
      logprobs: floats(weights.map(() => 0)),
    };
  });
  return { placed, loss: { name: 'cispo', config: { clip_low_threshold: 1, clip_high_threshold: 1 } } };
}

/** A loss of the server itself. Where it averages over sequences the divisors are taken back in the advantages. */
export function policyLossData(
  batch: TokenBatch,
  { name, low, high, advantages, oldLogProb }: PolicyLoss,
  { reduction }: Pick<ServerFacts, 'reduction'>,
): LossData {
  const divided = divisors(batch);
  const placed = toData(batch, (from, to) => {
    const { weights, divisor } = divided(from, to);
    const scale = reduction === 'sum' ? 1 : divisor;
    return {
      // Servers that add up need no weights: what is not scored has no advantage.
      ...(reduction === 'sequence-mean' && { weights: floats(weights) }),
      advantages: floats(Array.from(advantages.subarray(from, to), (value) => plain(value * scale))),
      logprobs: floats(Array.from(oldLogProb.subarray(from, to), (value, t) => (weights[t] === 1 ? value : 0))),
    };
  });
  const bounds = { clip_low_threshold: low, clip_high_threshold: high };
  return { placed, loss: name === 'importance_sampling' ? { name } : { name, config: bounds } };
}

/** By the token range of a sequence's targets: which are scored, and what a `sequence-mean` server divides its loss by. */
function divisors(batch: TokenBatch) {
  const mask = scoredMask(batch);
  const { offsets } = batch;
  const sequences = offsets.subarray(1).filter((end, i) => end - (offsets[i] as number) > 1).length;
  return (from: number, to: number) => {
    const weights = Array.from(mask.subarray(from, to));
    return { weights, divisor: sequences * weights.reduce((sum, weight) => sum + weight, 0) };
  };
}

function negated(value: number): number {
  return plain(-value);
}

/** Without a negative nought, which some JSON readers take for a text. */
function plain(value: number): number {
  return value === 0 ? 0 : value;
}
