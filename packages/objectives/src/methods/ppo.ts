/**
 * PPO with a value head (arXiv 1707.06347; GAE arXiv 1506.02438; dual clip arXiv 1912.09729).
 *
 *     r_t = score_t - rewardKlCoef (log pi_old - log ref)
 *     delta_t = r_t + gamma V_{t+1} - V_t;  adv_t = delta_t + gamma lambda adv_{t+1};  Ret_t = adv_t + V_t
 *     A = (adv - mean) / sqrt(var + 1e-8)                          over all tokens of the step
 *     loss = sum of L_t / tokens + valueCoef 0.5 sum of max((V - Ret)^2, (clip(V, V_old +- c) - Ret)^2) / tokens
 *
 * `oldValues` are those of the start of the step; `derive` turns them into the value targets `returns`, before the
 * advantages are whitened. Normalisation: every token weighs the same.
 */
import { gae, type GaeResult } from '../advantages/returns.js';
import {
  tokenRewardNeeds,
  tokenRewards,
  tokenRewardSettings,
  type TokenRewardSettings,
} from '../advantages/token-rewards.js';
import { whiten } from '../advantages/whiten.js';
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { number } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { valueLoss, valueLossSettings } from '../terms/value-loss.js';

export const ppo = objective({
  title: 'PPO',
  source: 'arXiv 1707.06347',
  kinds: ['advantage', 'policy loss', 'value loss'],
  summary: 'Generalised advantage estimation with a value head, clipped ratio with dual clip, clipped value loss.',
  vectors: 'baselines',
  settings: {
    ...tokenRewardSettings,
    gamma: number(1, 'discount a token', { min: 0, max: 1 }),
    lambda: number(0.95, 'decay of the advantage estimator', { min: 0, max: 1 }),
    ...clipSettings,
    ...valueLossSettings,
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', 'values', 'oldValues', ...tokenRewardNeeds(settings), ...commonNeeds(settings)],
  derived: ['returns'],
  differentiates: (settings) => [...commonGradients(settings), 'values'],
  derive: (batch, settings) => ({ returns: estimate(batch, settings).returns }),
  advantages: (batch, settings) => whiten(batch, estimate(batch, settings).advantages),
  loss: (context, settings) => {
    const policy = totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings);
    return policy.add(valueLoss(context, settings.valueClip, settings).mul(settings.valueCoef));
  },
  exempt: { 'zero-signal': 'the baseline is the value head: equal rewards differ from what it predicts' },
});

interface Estimator extends TokenRewardSettings {
  readonly gamma: number;
  readonly lambda: number;
}

function estimate(batch: RolloutBatch, settings: Estimator): GaeResult {
  const rewards = tokenRewards(batch, settings);
  return gae(batch, rewards, tokenColumn(batch, 'oldValues'), settings.gamma, settings.lambda);
}
