/**
 * Clip-Cov (arXiv 2505.22617; verl core_algos.py, compute_policy_loss_clip_cov).
 *
 *     cov_t = (A_t - mean A)(log pi - mean log pi)                  over the tokens of the minibatch, no gradient
 *     candidates: lower < cov_t < upper and the ordinary clip does not bind
 *     max(floor(fraction N), 1) candidates, drawn at random, lose their loss; the others have the PPO clip, no dual clip
 *     loss = sum of L_t / tokens
 *
 * The draw hashes seed and covariance, so neither the order of rollouts nor earlier draws change it; equal covariances
 * fall together.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { number } from '../settings.js';
import { clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { covClipped, covSettings } from '../terms/covariance.js';
import { tokenRatio } from '../terms/ratio.js';

export const clipCov = objective({
  title: 'Clip-Cov',
  source: 'arXiv 2505.22617',
  kinds: ['policy loss'],
  summary: 'PPO clip that also drops a few random tokens of high covariance between log-prob and advantage.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    ...clipRangeSettings,
    ...covSettings,
    seed: number(0, 'seed of the draw'),
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, covClipped(context, tokenRatio(context), settings), settings),
  exempt: {
    'micro-batch-split': 'covariances are taken over the whole minibatch, and tokens are drawn from all of it',
  },
});
