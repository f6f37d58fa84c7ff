/**
 * REINFORCE++-baseline (arXiv 2501.03262, section on group sampling; verl core_algos.py,
 * compute_reinforce_plus_plus_baseline_outcome_advantage).
 *
 *     x_t = R_i - mean_g;  A = (x - mean) / sqrt(var + 1e-8)        over all tokens of the step
 *     loss = sum of L_t / tokens                                   L_t: PPO clip as in GRPO
 *
 * The group gives the baseline, the batch the scale. A group of one keeps its reward before whitening.
 */
import { groupAdvantage } from '../advantages/group.js';
import { whiten } from '../advantages/whiten.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const reinforcePpBaseline = objective({
  title: 'REINFORCE++-baseline',
  source: 'arXiv 2501.03262',
  kinds: ['advantage'],
  summary: 'Group mean as baseline, then whitening over all tokens of the batch, PPO clip.',
  vectors: 'baselines',
  settings: { ...clipSettings, ...commonSettings() },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch) => {
    const centred = groupAdvantage(batch.rewards, batch.group, { advantageScale: 'none', advantageEpsilon: 0 });
    return whiten(batch, broadcast(batch, centred));
  },
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: {
    'zero-signal': 'whitening subtracts the token mean, which is not 0 when good responses are longer than bad ones',
  },
});
