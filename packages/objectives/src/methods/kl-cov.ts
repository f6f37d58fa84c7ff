/**
 * KL-Cov (arXiv 2505.22617; verl core_algos.py, compute_policy_loss_kl_cov).
 *
 *     cov_t = (A_t - mean A)(log pi - mean log pi)                  over the tokens of the minibatch, no gradient
 *     L_t = -A_t r                                                 no clipping anywhere
 *     L_t = -A_t r + covKlCoef |log pi - log pi_old|               for the max(1, floor(fraction N)) largest cov_t
 *     loss = sum of L_t / tokens
 *
 * covKlCoef is 1 in verl's function and 0.1 in its configuration, which is the default here.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { number } from '../settings.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { covPenalised } from '../terms/covariance.js';

export const klCov = objective({
  title: 'KL-Cov',
  source: 'arXiv 2505.22617',
  kinds: ['policy loss', 'divergence'],
  summary: 'Unclipped surrogate with a KL penalty on the tokens of highest covariance.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    covFraction: number(2e-4, 'share of tokens that are penalised', { min: 0, max: 1 }),
    covKlCoef: number(0.1, 'weight of the penalty', { min: 0 }),
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, covPenalised(context, settings), settings),
  exempt: {
    'micro-batch-split': 'the largest covariances are sought in the whole minibatch',
    'zero-gradient': 'the KL penalty on the chosen tokens does not depend on advantages',
  },
});
