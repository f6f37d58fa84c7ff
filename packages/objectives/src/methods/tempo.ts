/**
 * TEMPO, credit at the forks of a group (arXiv 2509.18314; compute_tempo_outcome_advantage of its repository).
 *
 *     V(i, t) = mean reward of the members of the group whose first t tokens are those of rollout i
 *     A_{i,t} = ((R_i - mean_g) + V(i, t + 1) - V(i, t)) / (std_g + 1e-6)      std of rewards, ddof 1
 *     loss = sum of L_t / tokens                                   L_t: PPO clip with e_lo 0.2, e_hi 0.28, c = 3
 *
 * Where no member leaves the others the values agree and the token has GRPO's advantage; over a response the jumps add up
 * to one more outcome advantage. A group of one has no advantage (its standard deviation is NaN in the official code).
 * `advantageScale: none` drops the denominator, `batch` divides by the standard deviation over the step.
 */
import { groupAdvantageSettings, groupStatistics, type GroupAdvantageSettings } from '../advantages/group.js';
import { prefixValues, type PrefixValues } from '../advantages/prefix-values.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const tempo = objective({
  title: 'TEMPO',
  source: 'arXiv 2509.18314',
  kinds: ['advantage', 'credit assignment'],
  summary: 'GRPO plus the jump of the value at each fork of the prefix tree that the group itself forms.',
  vectors: 'tempo',
  settings: { ...groupAdvantageSettings, ...withDefaults(clipSettings, { clipHigh: 0.28 }), ...commonSettings() },
  variants: [{ advantageScale: 'none' }, { advantageScale: 'batch' }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => treeAdvantage(batch, prefixValues(batch), settings),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/** [tokens] A_{i,t} above; 0 for groups whose scored rewards are equal or fewer than two. */
export function treeAdvantage(
  { offsets, mask, rewards, group }: RolloutBatch,
  { before, after }: PrefixValues,
  { advantageScale, advantageEpsilon }: GroupAdvantageSettings,
): Float64Array {
  const { index, mean, std } = groupStatistics(rewards, group);
  const [batchStd = 0] = groupStatistics(rewards, new Int32Array(group.length)).std;
  const out = new Float64Array(mask.length);
  rewards.forEach((reward, rollout) => {
    const g = index[rollout]!;
    if (Number.isNaN(reward) || std[g] === 0) return;
    const scale =
      advantageScale === 'none' ? 1 : 1 / ((advantageScale === 'batch' ? batchStd : std[g]!) + advantageEpsilon);
    const distance = reward - mean[g]!;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      if (mask[token] !== 0) out[token] = (distance + after[token]! - before[token]!) * scale;
    }
  });
  return out;
}
