/**
 * Dr. GRPO, GRPO done right (arXiv 2503.20783).
 *
 *     A_i = R_i - mean_g                                          no division by the standard deviation
 *     loss = sum over rollouts and tokens of L_t / (rollouts x T)  L_t as in GRPO
 *
 * Normalisation: a constant, so neither long wrong answers nor easy prompts weigh less. T is the generation length
 * (`lengthNorm`; null: the longest response of the minibatch). verl divides by T alone (`seq-mean-token-sum-norm`),
 * TRL and the authors by T and by the number of rollouts (`constant`, the default here).
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const drGrpo = objective({
  title: 'Dr. GRPO',
  source: 'arXiv 2503.20783',
  kinds: ['advantage', 'policy loss'],
  summary: 'GRPO without the division by standard deviation and response length: one constant normaliser.',
  vectors: 'baselines',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageScale: 'none' }),
    ...withDefaults(clipSettings, { dualClip: null }),
    ...commonSettings({ aggregation: 'constant' }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});
