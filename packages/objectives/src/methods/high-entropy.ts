/**
 * The 80/20 rule: policy gradient on high-entropy tokens only (arXiv 2506.01939).
 *
 *     keep_t = H_t >= quantile(H, 1 - topFraction)                 linear, over all tokens of the minibatch, no gradient
 *     loss = sum of keep_t L_t / tokens                            L_t: PPO clip as in DAPO
 *
 * The denominator stays the count of all tokens (TRL). H is the entropy of the old policy (`oldEntropy`). The paper takes
 * the threshold over the batch of one step; TRL over the generation batch; here over the minibatch.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { highEntropyTokens } from '../filters/high-entropy.js';
import { number, withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';

export const highEntropy = objective({
  title: '80/20 high-entropy tokens',
  source: 'arXiv 2506.01939',
  kinds: ['policy loss', 'filter'],
  summary: 'Only the fifth of the tokens with the highest entropy carries policy gradient.',
  vectors: 'baselines',
  settings: {
    topFraction: number(0.2, 'share of tokens that carry policy gradient', { min: 0, max: 1 }),
    ...groupAdvantageSettings,
    ...withDefaults(clipSettings, { clipHigh: 0.28, dualClip: 10 }),
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', 'oldEntropy', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const { tape } = context;
    const { keep } = highEntropyTokens(context.column('oldEntropy').data, settings.topFraction);
    const gate = tape.constant(tape.token, Float64Array.from(keep));
    context.reportMean('selectedFraction', gate);
    return totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings).mul(gate), settings);
  },
  exempt: { 'micro-batch-split': 'the entropy threshold is a quantile over the whole minibatch' },
});
