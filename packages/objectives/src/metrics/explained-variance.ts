import type { RolloutBatch } from '../objective.js';

/**
 * 1 - var(returns - values) / var(returns) over the tokens that carry loss: the share of what tokens earned that the
 * value head foresaw. 1: all of it; 0: as much as a constant would; below: less. NaN where the returns are all equal.
 *
 * @param values [tokens] Of the value head at the start of the step.
 * @param returns [tokens] What it is regressed on.
 */
export function explainedVariance({ mask }: RolloutBatch, values: Float64Array, returns: Float64Array): number {
  const total = variance(mask, (token) => returns[token]!);
  if (total === 0) return Number.NaN;
  return 1 - variance(mask, (token) => returns[token]! - values[token]!) / total;
}

function variance(mask: Uint8Array, entry: (token: number) => number): number {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (let token = 0; token < mask.length; token++) {
    if (mask[token] === 0) continue;
    const x = entry(token);
    const distance = x - mean;
    mean += distance / ++count;
    squares += distance * (x - mean);
  }
  return squares / count;
}
