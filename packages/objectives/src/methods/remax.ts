/**
 * ReMax (arXiv 2310.10505).
 *
 *     A_i = R_i - R(greedy response to the same prompt)
 *     loss = mean over rollouts of sum over tokens of -A_i log pi
 *
 * The greedy reward comes with every rollout (`greedyReward`). Normalisation as in REINFORCE.
 */
import { broadcast, rolloutColumn } from '../columns.js';
import { objective } from '../define.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import { scoreFunctionOnServer } from '../terms/server-loss.js';

export const remax = objective({
  title: 'ReMax',
  source: 'arXiv 2310.10505',
  kinds: ['advantage'],
  summary: 'REINFORCE with the reward of the greedy response as baseline.',
  vectors: null,
  settings: commonSettings({ aggregation: 'seq-mean-token-sum' }),
  needs: commonNeeds,
  needsOfRollout: ['greedyReward'],
  differentiates: commonGradients,
  advantages: (batch) => {
    const greedy = rolloutColumn(batch, 'greedyReward');
    const unscored = (value: number) => (Number.isNaN(value) ? 0 : value);
    return broadcast(
      batch,
      batch.rewards.map((reward, i) => unscored(reward - greedy[i]!)),
    );
  },
  loss: (context, settings) => totalLoss(context, scoreFunctionLoss(context), settings),
  serverLoss: scoreFunctionOnServer,
  exempt: { 'zero-signal': 'the baseline is the greedy response: a group that beats it as a whole is pushed up' },
});
