import type { StandardDeviation } from './group.js';
import type { RolloutBatch } from '../objective.js';

/** What keeps the division finite in verl's masked_whiten. */
export const WHITEN_EPSILON = 1e-8;

/**
 * [tokens] (x - mean) / sqrt(variance + epsilon) over the tokens that carry loss, of rollouts whose reward is a number;
 * the variance has the Bessel factor n / (n - 1) (verl masked_whiten) unless it is of the `population`. 0 elsewhere, and everywhere for fewer than two
 * tokens or equal values.
 */
export function whiten(
  batch: RolloutBatch,
  column: Float64Array,
  epsilon = WHITEN_EPSILON,
  deviation: StandardDeviation = 'sample',
): Float64Array {
  const counted = scoredTokens(batch);
  let count = 0;
  let mean = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < column.length; i++) {
    if (counted[i] === 0) continue;
    const value = column[i]!;
    count += 1;
    mean += (value - mean) / count;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const out = new Float64Array(column.length);
  if (count < 2 || low === high) return out;
  let squares = 0;
  for (let i = 0; i < column.length; i++) if (counted[i] !== 0) squares += (column[i]! - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / (deviation === 'sample' ? count - 1 : count) + epsilon);
  for (let i = 0; i < column.length; i++) if (counted[i] !== 0) out[i] = (column[i]! - mean) * scale;
  return out;
}

/** [tokens] 1 at tokens that carry loss and belong to a rollout whose reward is a number. */
export function scoredTokens(batch: RolloutBatch): Uint8Array {
  const { offsets, mask, rewards } = batch;
  const out = Uint8Array.from(mask);
  rewards.forEach((reward, rollout) => {
    if (Number.isNaN(reward)) out.fill(0, offsets[rollout], offsets[rollout + 1]);
  });
  return out;
}
