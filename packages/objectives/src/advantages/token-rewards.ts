import { tokenColumn } from '../columns.js';
import type { ColumnName, RolloutBatch } from '../objective.js';
import { choice, number } from '../settings.js';

export const tokenRewardSettings = {
  rewardSource: choice(
    'outcome',
    ['outcome', 'tokens'],
    'the reward of the rollout at its last token, or tokenRewards',
  ),
  rewardKlCoef: number(0, 'weight of the KL penalty inside token rewards; 0: no reference is asked for', { min: 0 }),
} as const;

export interface TokenRewardSettings {
  readonly rewardSource: 'outcome' | 'tokens';
  readonly rewardKlCoef: number;
}

export function tokenRewardNeeds({ rewardSource, rewardKlCoef }: TokenRewardSettings): ColumnName[] {
  return [
    ...(rewardSource === 'tokens' ? (['tokenRewards'] as const) : []),
    ...(rewardKlCoef > 0 ? (['oldLogProb', 'refLogProb'] as const) : []),
  ];
}

/**
 * [tokens] r_t = score_t - rewardKlCoef (log pi_old - log ref) at tokens that carry loss. The score of an outcome sits
 * on the last such token of the rollout. Rollouts without a scored outcome get 0 throughout.
 */
export function tokenRewards(batch: RolloutBatch, settings: TokenRewardSettings): Float64Array {
  const scores = settings.rewardSource === 'tokens' ? tokenColumn(batch, 'tokenRewards') : outcomeAtEnd(batch);
  return penalisedScores(batch, scores, settings.rewardKlCoef);
}

/** [tokens] r_t above from given scores, of which those under the mask are not read. */
export function penalisedScores(batch: RolloutBatch, scores: Float64Array, penalty: number): Float64Array {
  const out = new Float64Array(batch.mask.length);
  const old = penalty > 0 ? tokenColumn(batch, 'oldLogProb') : undefined;
  const reference = penalty > 0 ? tokenColumn(batch, 'refLogProb') : undefined;
  batch.rewards.forEach((reward, rollout) => {
    if (Number.isNaN(reward)) return;
    for (let token = batch.offsets[rollout]!; token < batch.offsets[rollout + 1]!; token++) {
      if (batch.mask[token] === 0) continue;
      const divergence = old === undefined || reference === undefined ? 0 : old[token]! - reference[token]!;
      out[token] = scores[token]! - penalty * divergence;
    }
  });
  return out;
}

/** [tokens] The reward of each rollout at its last token that carries loss, 0 elsewhere. NaN rewards stay 0. */
export function outcomeAtEnd(batch: RolloutBatch): Float64Array {
  const { offsets, mask } = batch;
  const out = new Float64Array(mask.length);
  batch.rewards.forEach((reward, rollout) => {
    if (Number.isNaN(reward)) return;
    for (let token = offsets[rollout + 1]! - 1; token >= offsets[rollout]!; token--) {
      if (mask[token] === 0) continue;
      out[token] = reward;
      return;
    }
  });
  return out;
}
