/**
 * Noisy rewards, policy gradients corrected for an imperfect verifier (arXiv 2510.00915 v4, Algorithm 4).
 *
 *     PGBC:  r' = (r - rho0) / max(1 - rho0 - rho1, 1e-6);  A_i = (r'_i - mean of the others' r') / scale
 *     PGFC:  A_i = (r_i - (1 - rho1)) / scale                      no baseline: there is signal in groups without any
 *     noise: A_i = (r_i - mean of the others' r) / scale           the control
 *     loss = mean over rollouts of mean over tokens of max(-A r, -A clip(r, 1 - e, 1 + e)) + klCoef KL
 *
 * rho0 = P(accepted | wrong), rho1 = P(rejected | right); `falseNegativeRate` estimates rho1 from appeals. The scale is
 * never the group's standard deviation: both corrections are affine in r, and standardising undoes them exactly (v1 to
 * v3 and Algorithm 3 of the paper do that; for binary rewards it is a no-op). With the leave-one-out baseline PGBC is the
 * control times 1 / (1 - rho0 - rho1). klCoef 0.001 in the paper, default 0 so that no reference is asked for.
 */
import { channelAdvantage, channelModes } from '../advantages/reward-channel.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { choice, number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const noisyRewards = objective({
  title: 'Noisy rewards (PGBC, PGFC)',
  source: 'arXiv 2510.00915',
  kinds: ['advantage', 'reward'],
  summary: 'Advantages corrected for the false positives and false negatives of the verifier.',
  vectors: 'noisy-rewards',
  settings: {
    mode: choice('pgbc', channelModes, 'backward correction, forward correction, or none'),
    rho0: number(0.1, 'rate of wrong answers that are accepted', { min: 0, max: 1 }),
    rho1: number(0.2, 'rate of right answers that are rejected', { min: 0, max: 1 }),
    scale: number(1, 'what advantages are divided by', { min: 1e-12 }),
    baseline: choice(
      'method',
      ['method', 'leave-one-out', 'none'],
      'method: leave-one-out for pgbc and noise, none for pgfc',
    ),
    ...clipRangeSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  variants: [{ mode: 'pgfc', scale: 0.7 }, { mode: 'noise' }, { mode: 'noise', baseline: 'none' }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, { baseline, ...settings }) => {
    const own = settings.mode === 'pgfc' ? 'none' : 'leave-one-out';
    const options = { ...settings, baseline: baseline === 'method' ? own : baseline };
    return broadcast(batch, channelAdvantage(batch.rewards, batch.group, options));
  },
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: {
    'zero-signal': 'without a baseline (pgfc) a group of equal rewards is pushed as a whole, which the paper intends',
  },
});
