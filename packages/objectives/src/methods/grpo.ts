/**
 * GRPO, group relative policy optimisation (arXiv 2402.03300).
 *
 *     A_i = (R_i - mean_g) / (std_g + 1e-6)                      std over the group's scored rewards, ddof 1
 *     L_t = max(-A r, -A clip(r, 1 - e_lo, 1 + e_hi)), <= -A c where A < 0;   r = pi / pi_old
 *     loss = mean over rollouts of mean over tokens of L_t + klCoef k3(pi, ref)
 *
 * Normalisation: every rollout weighs the same whatever its length. The paper has no dual clip; verl's c = 3 binds only
 * where r > 3 and A < 0, and null turns it off. KL weight: 0.04 in the paper, 0.001 in verl, 0 in TRL; default 0, so
 * that no reference model is asked for unless it is wanted.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const grpo = objective({
  title: 'GRPO',
  source: 'arXiv 2402.03300',
  kinds: ['advantage', 'policy loss'],
  summary: 'Rewards standardised within the group of a prompt; PPO clip by token; every rollout weighs the same.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    ...clipSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  variants: [
    { advantageScale: 'batch', klCoef: 1, klKind: 'k1' },
    { advantageScale: 'none', klCoef: 1, klKind: 'k2', samplerCorrection: 'token-mask' },
    { dualClip: null, klCoef: 1, klKind: 'k3+', aggregation: 'seq-mean-token-sum-norm' },
    { klCoef: 1, klKind: 'abs', samplerCorrection: 'token-truncate', aggregation: 'seq-mean-token-sum' },
  ],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});
