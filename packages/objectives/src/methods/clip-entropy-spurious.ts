/**
 * Clipping, entropy and spurious rewards: the instruments of an analysis (arXiv 2512.16912; no official code).
 *
 *     A_i as in GRPO;  loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens, or of -A r with `clip: false`
 *     reported: N = sum of r A, C+ = sum of (1 + e - r) A where A > 0 and r > 1 + e, C- likewise below; shares of both
 *
 * The clipped sum is N + C+ + C-; C+ is the learning signal that clipping adds under random rewards, which the paper
 * finds negligible beside N. A negative entropyCoef minimises entropy. No dual clip, no unequal bounds: they would change
 * what is measured. With one update a step all ratios are 1 and clipping never acts. The reward arms are
 * `spuriousReward`; the closed forms are in metrics/random-reward.ts and metrics/entropy-change.ts.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { clipCorrection } from '../metrics/clip-correction.js';
import { flag } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';

export const clipEntropySpurious = objective({
  title: 'Clipping and spurious rewards',
  source: 'arXiv 2512.16912',
  kinds: ['policy loss', 'reward', 'metric'],
  summary: 'GRPO with a switch for clipping that reports what clipping adds; arms of spurious rewards.',
  vectors: 'clip-entropy-spurious',
  settings: {
    ...groupAdvantageSettings,
    clip: flag(true, 'PPO clip; without it gradients must be clipped, or runs collapse'),
    ...clipRangeSettings,
    ...commonSettings(),
  },
  variants: [{ clip: false }, { entropyCoef: -0.01 }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const ratio = tokenRatio(context);
    const found = clipCorrection(ratio.data, context.advantages.data, settings);
    context.report('surrogateRaw', found.raw);
    context.report('clipCorrectionHigh', found.high);
    context.report('clipCorrectionLow', found.low);
    context.report('clipFractionHigh', found.highShare);
    context.report('clipFractionLow', found.lowShare);
    const policy = settings.clip ? clippedLoss(context, ratio, settings) : context.advantages.mul(ratio).neg();
    return totalLoss(context, policy, settings);
  },
});
