/**
 * GSPO, group sequence policy optimisation (arXiv 2507.18071).
 *
 *     s_i = exp(mean over tokens of (log pi - log pi_old))
 *     L_i = max(-A_i s_i, -A_i clip(s_i, 1 - e_lo, 1 + e_hi));   loss = mean over rollouts of L_i
 *
 * The gradient flows through the mean, so all tokens of a response share one weight and are clipped together. e_lo
 * 3e-4, e_hi 4e-4 in the paper: the geometric mean of many ratios stays near 1. verl computes this through the token form
 * (`gspo-token`), whose value and gradient are equal for advantages that are constant over a response; TRL
 * (importance_sampling_level = sequence) as here. log s_i is cut at 10 from above (verl).
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { clippedLoss, sequenceClipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { sequenceRatio } from '../terms/ratio.js';

export const gspo = objective({
  title: 'GSPO',
  source: 'arXiv 2507.18071',
  kinds: ['policy loss'],
  summary: 'One length-normalised ratio and one clip a response.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    ...sequenceClipSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const ratio = sequenceRatio(context).to(context.tape.token);
    return totalLoss(context, clippedLoss(context, ratio, settings), settings);
  },
});
