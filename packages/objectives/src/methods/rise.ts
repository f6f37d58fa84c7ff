/**
 * RISE, solving and checking in one update (arXiv 2505.13445; core_algos.py and protocol.py of xyliu-cs/verl).
 *
 *     rollouts: solutions, and ratings that the same policy gives to some of them; every rating prompt is its own group
 *     rewards: solution 1 right, -0.5 wrong, -1 without a box; rating 1 equal to that reward, -0.5 another, -1 no box
 *     r_t = score_t - 0.01 (log pi_old - log ref);  PPO with gamma = lambda = 1, A whitened over both kinds together
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens - 0.001 H + value loss, its clip 0.5
 *
 * PPO (see methods/ppo.ts) with the defaults of the paper: only the row counts weigh the two tasks. Which solutions are
 * rated: `selectForVerification`. Whitening over the mixed batch couples the tasks: where ratings are mostly right the
 * advantages of solutions shift down. The rewards are text and live with the verifiers.
 */
import { tokenRewardNeeds, tokenRewards, type TokenRewardSettings } from '../advantages/token-rewards.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { actorCritic } from '../terms/actor-critic.js';
import { ppoSettings } from './ppo.js';

export const rise = objective({
  title: 'RISE',
  source: 'arXiv 2505.13445',
  kinds: ['reward', 'schedule'],
  summary:
    'The policy also rates its own solutions, with a verifiable reward; both kinds of rollouts share one PPO step.',
  vectors: 'rise',
  settings: withDefaults(ppoSettings, {
    ...{ rewardKlCoef: 0.01, lambda: 1, dualClip: null, valueClip: 0.5, entropyCoef: 0.001 },
  }),
  ...actorCritic<TokenRewardSettings>(tokenRewards, tokenRewardNeeds),
});
