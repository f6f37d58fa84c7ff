/**
 * PRS and VSPO, staged rewards and value-based sampling (arXiv 2512.07478; no code, its method section was not read).
 *
 *     V_g = (maxReward - mean_g) std_g                             population standard deviation (valueStd)
 *     places of groups with std 0 go to copies of the others, drawn with probability V_g / sum of V
 *     A_i = c w(c) (R_i - mean_g) / (std_g + 1e-6), w(c) = min(c^-1/2, 2 / c)      c: copies of the group, ddof 1
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens + klCoef KL
 *
 * Copies share their rollouts, so they are not laid out: a group in the batch c times has c times the advantage of one
 * copy, and the replaced groups stay with advantage 0, which keeps the number of tokens about that of the full batch.
 * Statistics are taken before any replacing. With signal in every group it is GRPO. Without smoothing, or with places
 * filled at random, the paper reports collapse. Draws depend on the seed and on the values of the groups. klCoef 0.001 in
 * the paper, default 0 so that no reference is asked for. The staged reward is text and lives with the verifiers.
 * Inferred: sampling rule, form of the smoothing, token mean.
 */
import { groupAdvantage, groupAdvantageSettings, standardDeviations } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { valueSampling, type SamplingOptions } from '../filters/task-value.js';
import type { RolloutBatch } from '../objective.js';
import { choice, number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { hashedUniform } from '../terms/select.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const prsVspo = objective({
  title: 'PRS and VSPO',
  source: 'arXiv 2512.07478',
  kinds: ['advantage', 'filter', 'reward'],
  summary: 'Groups without signal give their places to hard and uncertain ones, whose copies weigh less and less.',
  vectors: 'prs-vspo',
  settings: {
    maxReward: number(1, 'largest reward that can be reached'),
    power: number(0.5, 'one of c copies weighs at most c^-power', { min: 0 }),
    maxWeight: number(2, 'all copies of a group together weigh at most this', { min: 0 }),
    valueStd: choice('population', standardDeviations, 'standard deviation in the value of a group'),
    seed: number(0, 'of the draws'),
    ...groupAdvantageSettings,
    ...clipRangeSettings,
    ...commonSettings(),
  },
  variants: [{ power: 0, maxWeight: 100 }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => {
    const weights = groupWeights(batch, settings);
    const advantages = groupAdvantage(batch.rewards, batch.group, settings);
    return broadcast(
      batch,
      advantages.map((value, i) => value * (weights.get(batch.group[i]!) ?? 0)),
    );
  },
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/**
 * c w(c) by group, for groups with a scored rollout. Rollouts are taken by group and reward, so that the draws do not
 * depend on their order.
 */
function groupWeights(
  { rewards, group }: RolloutBatch,
  { seed, ...options }: SamplingOptions & { readonly seed: number },
): Map<number, number> {
  const scored = Array.from(group.keys()).filter((i) => !Number.isNaN(rewards[i]));
  scored.sort((a, b) => group[a]! - group[b]! || rewards[a]! - rewards[b]!);
  const groups = Int32Array.from(scored, (i) => group[i]!);
  const sorted = Float64Array.from(scored, (i) => rewards[i]!);
  const key = sorted.reduce((sum, reward, i) => sum + reward * (i + 1), 0);
  const { copies, weights } = valueSampling(sorted, groups, (place) => hashedUniform(key + place, seed), options);
  return new Map([...new Set(groups)].map((number, g) => [number, copies[g]! * weights[g]!]));
}
