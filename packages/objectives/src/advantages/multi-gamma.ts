/**
 * Demystifying long chains of thought (arXiv 2502.03373; experience_maker.py and models/utils.py of its repository):
 * several rewards a token, each with a discount of its own.
 *
 *     G_{t,m} = r_{t,m} + gamma_m G_{t+1,m};   return_t = sum over m of G_{t,m};   A_t = return_t - V_t
 *     r_{t,m} = reward_{t,m} - (klCoef / M) (log pi - log ref)_t
 *
 * One critic learns the sum, with lambda = 1 when there is more than one reward; a single reward takes GAE. Correctness
 * keeps gamma 1, the penalty for repetition 0.99, so that it stays near what caused it. Cosine and repetition rewards are
 * text rewards of packages/verify; the loss is `ppo` with the mean over sequences.
 */
import { part } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { gae, tokenReturns, type GaeResult } from './returns.js';

export const longCot = part({
  title: 'Long-CoT recipes',
  source: 'arXiv 2502.03373',
  kinds: ['advantage', 'reward shaping'],
  summary: 'Length and repetition rewards with a discount factor each, summed into one return for one critic.',
  vectors: 'long-cot',
  needs: ['refLogProb', 'values'],
});

/** One reward of every token and its discount. */
export interface DiscountedReward {
  /** [tokens] */
  readonly rewards: Float64Array;
  readonly gamma: number;
}

/** [tokens] Sum of the discounted returns to go; 0 under the mask. */
export function multiGammaReturns(batch: RolloutBatch, types: readonly DiscountedReward[]): Float64Array {
  const out = new Float64Array(batch.mask.length);
  for (const { rewards, gamma } of types) {
    const returns = tokenReturns(batch, rewards, gamma);
    for (let i = 0; i < out.length; i++) out[i]! += returns[i]!;
  }
  return out;
}

/** Advantages against one critic. Throws for several rewards with a lambda below 1: their sum has no one-step error. */
export function multiGammaAdvantages(
  batch: RolloutBatch,
  types: readonly DiscountedReward[],
  values: Float64Array,
  lambda: number,
): GaeResult {
  const [only, ...more] = types;
  if (only !== undefined && more.length === 0) return gae(batch, only.rewards, values, only.gamma, lambda);
  if (lambda !== 1) {
    throw new Error(
      `multiGammaAdvantages: lambda must be 1 with ${types.length} rewards, got ${lambda}; use one gamma`,
    );
  }
  const returns = multiGammaReturns(batch, types);
  return { advantages: returns.map((value, i) => (batch.mask[i] === 0 ? 0 : value - values[i]!)), returns };
}

/** [tokens] One type of `types` token rewards less its share of the KL penalty. A negative coefficient counts as 0. */
export function shareKlPenalty(rewards: Float64Array, kl: Float64Array, klCoef: number, types: number): Float64Array {
  const share = Math.max(klCoef, 0) / types;
  return share === 0 ? rewards.slice() : rewards.map((reward, i) => reward - share * kl[i]!);
}
