/**
 * SAPO, soft adaptive policy optimisation (arXiv 2511.20347; verl core_algos.py, compute_policy_loss_sapo).
 *
 *     L_t = -A_t (4 / tau) sigmoid(tau (r - 1)),   tau = tauPositive where A_t > 0, else tauNegative
 *     loss = mean over rollouts of mean over tokens of L_t
 *
 * A smooth gate in place of the clip: slope A at r = 1, falling off on both sides, faster for negative advantages.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { number } from '../settings.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';

export const sapo = objective({
  title: 'SAPO',
  source: 'arXiv 2511.20347',
  kinds: ['policy loss'],
  summary: 'A sigmoid gate on the ratio, sharper for negative advantages, in place of the clip.',
  vectors: null,
  settings: {
    ...groupAdvantageSettings,
    tauPositive: number(1, 'sharpness of the gate where A > 0', { min: 1e-6 }),
    tauNegative: number(1.05, 'sharpness of the gate where A <= 0', { min: 1e-6 }),
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const { tape, advantages } = context;
    const tau = tape.constant(
      tape.token,
      advantages.data.map((advantage) => (advantage > 0 ? settings.tauPositive : settings.tauNegative)),
    );
    const gate = tokenRatio(context).sub(1).mul(tau).sigmoid().mul(4).div(tau);
    return totalLoss(context, gate.mul(advantages).neg(), settings);
  },
});
