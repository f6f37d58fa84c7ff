/**
 * REINFORCE (Williams 1992): the score-function gradient of the reward, without a baseline.
 *
 *     A_t = R_i                                                   or the discounted return to go of token rewards
 *     loss = mean over rollouts of sum over tokens of -A_t log pi
 *
 * Normalisation: the sum over tokens is the log-prob of the whole response, so the gradient is that of E[R] exactly.
 */
import { tokenReturns } from '../advantages/returns.js';
import { tokenRewardNeeds, tokenRewards, tokenRewardSettings } from '../advantages/token-rewards.js';
import { objective } from '../define.js';
import { number } from '../settings.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import { scoreFunctionOnServer } from '../terms/server-loss.js';

export const reinforce = objective({
  title: 'REINFORCE',
  source: 'doi 10.1007/BF00992696',
  kinds: ['advantage', 'policy loss'],
  summary: 'Reward (or return to go) times log-prob, no baseline, no ratio.',
  vectors: 'baselines',
  settings: {
    ...tokenRewardSettings,
    gamma: number(1, 'discount a token', { min: 0, max: 1 }),
    ...commonSettings({ aggregation: 'seq-mean-token-sum' }),
  },
  needs: (settings) => [...tokenRewardNeeds(settings), ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => tokenReturns(batch, tokenRewards(batch, settings), settings.gamma),
  loss: (context, settings) => totalLoss(context, scoreFunctionLoss(context), settings),
  serverLoss: scoreFunctionOnServer,
  exempt: { 'zero-signal': 'there is no baseline: equal rewards still push every response by its reward' },
});
