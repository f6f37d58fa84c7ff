/**
 * GMPO, geometric-mean policy optimisation (arXiv 2507.20673; verl core_algos.py, compute_policy_loss_geo_mean).
 *
 *     x_t = log pi - log pi_old;  y_t = sign(A) min(sign(A) x_t, sign(A) clip(x_t, -e_lo, e_hi))
 *     loss = mean over rollouts of -A_i exp(mean over tokens of y_t)
 *
 * Tokens are clipped one by one, in log space and on the side that PPO clips, before the geometric mean; one outlier
 * therefore moves the mean by at most e / |o|. e 0.4 in the paper. A_i is the mean advantage of the response. verl divides
 * by all rows, empty ones included; here empty responses are left out.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { sequenceMeans } from '../terms/aggregate.js';
import { clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { logRatio } from '../terms/ratio.js';

export const gmpo = objective({
  title: 'GMPO',
  source: 'arXiv 2507.20673',
  kinds: ['policy loss'],
  summary: 'Geometric mean of token ratios that are clipped one by one in log space.',
  vectors: null,
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipRangeSettings, { clipLow: 0.4, clipHigh: 0.4 }),
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const { tape, advantages } = context;
    const sign = tape.constant(tape.token, advantages.data.map(Math.sign));
    const log = logRatio(context);
    context.reportMean('approxKl', log, -1);
    const held = log.clip(-settings.clipLow, settings.clipHigh);
    context.reportShare('clipFraction', log.axis, (i) => sign.data[i]! * (log.data[i]! - held.data[i]!) > 0);
    const clipped = log.mul(sign).min(held.mul(sign)).mul(sign);
    const ratio = sequenceMeans(tape, clipped).exp();
    context.reportMean('ratioMean', ratio);
    const perRollout = ratio.mul(sequenceMeans(tape, advantages)).neg();
    return totalLoss(context, perRollout.to(tape.token), settings);
  },
});
