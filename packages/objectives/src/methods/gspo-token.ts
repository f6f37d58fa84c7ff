/**
 * GSPO-token (arXiv 2507.18071, section on the token-level variant; verl core_algos.py, compute_policy_loss_gspo).
 *
 *     s_t = exp(min(log pi - sg(log pi) + sg(log s_i), 10))        the value of s_i, the gradient of the token alone
 *     L_t = max(-A_t s_t, -A_t clip(s_t, 1 - e_lo, 1 + e_hi));   loss = mean over rollouts of mean over tokens of L_t
 *
 * sg stops the gradient; s_i as in GSPO. Advantages may differ from token to token.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { clippedLoss, sequenceClipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { sequenceRatioByToken } from '../terms/ratio.js';

export const gspoToken = objective({
  title: 'GSPO-token',
  source: 'arXiv 2507.18071',
  kinds: ['policy loss'],
  summary: 'GSPO whose tokens keep their own advantages: the value of the sequence ratio, the gradient of the token.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    ...sequenceClipSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  stopsGradient: 'the sequence ratio, apart from the token itself',
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) =>
    totalLoss(context, clippedLoss(context, sequenceRatioByToken(context), settings), settings),
});
