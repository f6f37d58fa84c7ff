/**
 * GPG, group policy gradient (arXiv 2504.02546).
 *
 *     A_i = alpha (R_i - mean_g) / f_norm;   alpha = B / samples whose gradient is not zero
 *     loss = sum of -A_i log pi / tokens
 *
 * alpha makes up for groups without signal. The paper counts samples outside all-equal groups (`paper`, default); verl
 * (compute_gpg_outcome_advantage) counts rewards that are not 0 (`nonzero-reward`), always all of them with rewards of
 * +-1. No ratio, no clip, no KL. Normalisation: every token weighs the same.
 */
import { gpgAdvantage, gpgSettings } from '../advantages/gpg.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import { scoreFunctionOnServer } from '../terms/server-loss.js';

export const gpg = objective({
  title: 'GPG',
  source: 'arXiv 2504.02546',
  kinds: ['advantage', 'policy loss'],
  summary: 'REINFORCE with the group mean as baseline, scaled up by the share of samples that carry signal.',
  vectors: 'baselines',
  settings: { ...gpgSettings, ...commonSettings() },
  variants: [{ signalCount: 'nonzero-reward' }],
  needs: commonNeeds,
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, gpgAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, scoreFunctionLoss(context), settings),
  serverLoss: scoreFunctionOnServer,
});
