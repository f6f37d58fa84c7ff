/**
 * CISPO, clipped importance sampling policy optimisation (arXiv 2506.13585, MiniMax-M1).
 *
 *     w_t = sg(clip(r, 1 - e_lo, 1 + e_hi));   loss = sum of -w_t A_t log pi / tokens
 *
 * The ratio is a bounded weight without gradient, so no token loses its gradient. e_lo = 1 drops the lower bound, as the
 * paper does. verl bounds at 1 -+ e; TRL only from above, at its epsilon_high itself: that is clipHigh + 1 here.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { clipRangeSettings } from '../terms/clip.js';
import { cappedWeightLoss } from '../terms/capped-weight.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { cispoOnServer } from '../terms/server-loss.js';

export const cispo = objective({
  title: 'CISPO',
  source: 'arXiv 2506.13585',
  kinds: ['policy loss'],
  summary: 'REINFORCE with a bounded, detached importance weight: every token keeps its gradient.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipRangeSettings, { clipLow: 1, clipHigh: 0.28 }),
    ...commonSettings(),
  },
  stopsGradient: 'the bounded importance weight',
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, cappedWeightLoss(context, tokenRatio(context), settings), settings),
  serverLoss: cispoOnServer,
});
