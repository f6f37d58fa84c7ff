import { part } from '../define.js';
import type { RolloutBatch } from '../objective.js';

/** Its reward is text and lives with the verifiers; what is left for the gradient is GAE with a critic (eq. 8). */
export const alphaAlign = part({
  title: 'AlphaAlign',
  source: 'arXiv 2507.14987',
  kinds: ['reward', 'advantage'],
  summary: 'Refusing is as verifiable as an answer: a dual reward by the label of the prompt, then PPO with a critic.',
  vectors: 'alpha-align',
  needs: ['values'],
});

/**
 * [tokens] Discounted return to go, Ret_t = r_t + gamma Ret_{t+1}. As in verl's REINFORCE++ the running return is set to
 * 0 behind a token that carries no loss, so a tool's answer separates the turns around it. 0 under the mask.
 */
export function tokenReturns(batch: RolloutBatch, rewards: Float64Array, gamma: number): Float64Array {
  const { offsets, mask } = batch;
  const out = new Float64Array(mask.length);
  for (let rollout = 0; rollout < batch.group.length; rollout++) {
    let running = 0;
    for (let token = offsets[rollout + 1]! - 1; token >= offsets[rollout]!; token--) {
      running = mask[token] === 0 ? 0 : rewards[token]! + gamma * running;
      out[token] = running;
    }
  }
  return out;
}

export interface GaeResult {
  /** [tokens] Not whitened, 0 under the mask. */
  readonly advantages: Float64Array;
  /** [tokens] Advantage plus value: the target of the value head. 0 under the mask. */
  readonly returns: Float64Array;
}

/**
 * Generalised advantage estimation (arXiv 1506.02438) over the tokens that carry loss: those between them are skipped,
 * the value and the running sum of the next one carry over (verl).
 *
 *     delta_t = r_t + gamma V_{t+1} - V_t;   adv_t = delta_t + gamma lambda adv_{t+1}
 */
export function gae(
  batch: RolloutBatch,
  rewards: Float64Array,
  values: Float64Array,
  gamma: number,
  lambda: number,
): GaeResult {
  const { offsets, mask } = batch;
  const advantages = new Float64Array(mask.length);
  const returns = new Float64Array(mask.length);
  for (let rollout = 0; rollout < batch.group.length; rollout++) {
    let nextValue = 0;
    let running = 0;
    for (let token = offsets[rollout + 1]! - 1; token >= offsets[rollout]!; token--) {
      if (mask[token] === 0) continue;
      running = rewards[token]! + gamma * nextValue - values[token]! + gamma * lambda * running;
      nextValue = values[token]!;
      advantages[token] = running;
      returns[token] = running + nextValue;
    }
  }
  return { advantages, returns };
}
