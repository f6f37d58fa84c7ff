/**
 * REINFORCE++ (arXiv 2501.03262; verl core_algos.py, compute_reinforce_plus_plus_outcome_advantage).
 *
 *     r_t = score_t - rewardKlCoef (log pi_old - log ref)          the score at the last token of the response
 *     Ret_t = r_t + gamma Ret_{t+1};  A = (Ret - mean) / sqrt(var + 1e-8)   over all tokens of the step
 *     loss = sum of L_t / tokens                                   L_t: PPO clip as in GRPO
 *
 * No critic and no group: the batch is the baseline. Normalisation: every token weighs the same.
 */
import { tokenReturns } from '../advantages/returns.js';
import { tokenRewardNeeds, tokenRewards, tokenRewardSettings } from '../advantages/token-rewards.js';
import { whiten } from '../advantages/whiten.js';
import { objective } from '../define.js';
import { number } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const reinforcePp = objective({
  title: 'REINFORCE++',
  source: 'arXiv 2501.03262',
  kinds: ['advantage'],
  summary: 'Discounted token returns whitened over the whole batch, KL inside the rewards, PPO clip.',
  vectors: 'baselines',
  settings: {
    ...tokenRewardSettings,
    gamma: number(1, 'discount a token', { min: 0, max: 1 }),
    ...clipSettings,
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', ...tokenRewardNeeds(settings), ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => whiten(batch, tokenReturns(batch, tokenRewards(batch, settings), settings.gamma)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'the baseline is the batch: a group of equal rewards lies above or below its mean' },
});
