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
import {
  tokenRewardNeeds,
  tokenRewards,
  tokenRewardSettings,
  type TokenRewardSettings,
} from '../advantages/token-rewards.js';
import { objective } from '../define.js';
import { actorCritic, actorCriticSettings } from '../terms/actor-critic.js';

export const ppoSettings = { ...tokenRewardSettings, ...actorCriticSettings } as const;

export const ppo = objective({
  title: 'PPO',
  source: 'arXiv 1707.06347',
  kinds: ['advantage', 'policy loss', 'value loss'],
  summary: 'Generalised advantage estimation with a value head, clipped ratio with dual clip, clipped value loss.',
  vectors: 'baselines',
  settings: ppoSettings,
  ...actorCritic<TokenRewardSettings>(tokenRewards, tokenRewardNeeds),
});
