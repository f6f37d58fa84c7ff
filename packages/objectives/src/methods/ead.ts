/**
 * EAD, sampling that cools down within each response (arXiv 2510.05251; core_algos.compute_policy_loss of EAD-RLVR).
 *
 *     sampler: logits / tau_t, tau_t = annealedTemperature(t, step)   schedules/annealed-temperature.ts
 *     w_t = sg(min(pi_old / pi_sampler, 2))                           pi_old at temperature 1, pi_sampler at tau_t
 *     loss = sum of w_t L_t / tokens                                  L_t as in GRPO with e_lo 0.2, e_hi 0.28, c = 3
 *
 * The policy that is trained has temperature 1 everywhere: only w_t knows of the schedule, through `samplerLogProb`, which
 * must be taken behind the division by tau_t. The weight multiplies the clipped loss (TIS); `samplerCorrection: none`
 * leaves it out, as the released configuration does. Advantages as in GRPO, no KL, no entropy bonus.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const ead = objective({
  title: 'EAD',
  source: 'arXiv 2510.05251',
  kinds: ['schedule', 'off-policy correction'],
  summary: 'Sampling temperature cools down along each response; truncated weights make up for it in the loss.',
  vectors: 'ead',
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipSettings, { clipHigh: 0.28 }),
    ...commonSettings({ samplerCorrection: 'token-truncate', samplerThreshold: 2 }),
  },
  variants: [{ samplerCorrection: 'none' }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});
