/**
 * RLIR, inverse rewards for world models (arXiv 2509.23958). The policy is a world model that generates frames under
 * commanded actions; a frozen inverse dynamics model reads the actions back.
 *
 *     R_j = share of frames whose action is read as it was commanded      packages/verify, `rlir.inverseReward`
 *     A_j = (R_j - mean_g) / (std_g + 1e-8)                               g: same first frame, same actions
 *     loss = mean over j of mean over generated tokens of [max(-A r, -A clip(r, 1 - e, 1 + e)) + 0.01 k3(pi, ref)]
 *
 * Autoregressive world models: frames are blocks of tokens; tokens of the context and of the actions are none that the
 * policy chose (`Rollout.sources`), so they are under the mask. e 0.2, the KL weight and the number of rollouts a group
 * (8) are choices of the card, the paper's are not known. Diffusion models: one decision a denoising step,
 * `flowSdeLoss` with the same A_j.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const rlir = objective({
  title: 'RLIR',
  source: 'arXiv 2509.23958',
  kinds: ['reward', 'policy loss'],
  summary: 'World models are paid where a frozen inverse model reads the commanded action from their frames.',
  vectors: 'rlir',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageEpsilon: 1e-8 }),
    ...withDefaults(clipSettings, { dualClip: null }),
    ...commonSettings({ aggregation: 'seq-mean-token-mean', klCoef: 0.01 }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});
