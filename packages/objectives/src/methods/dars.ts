/**
 * DARS, more rollouts for hard prompts (arXiv 2508.13755; ray_dars_trainer.py and core_algos.py of its repository).
 *
 *     phase 2: `extraRollouts` more for prompts under accuracy 1/2     schedules/extra-rollouts.ts
 *     keep groups with 0 < mean_g < upperThreshold                     over the rollouts of both phases
 *     A_i = R_i - mean_g
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / T
 *
 * Both phases of a prompt form one group, so groups are ragged; the mean of the first phase alone would be biased. T is a
 * constant length (`lengthNorm`): neither a token mean nor a mean over rollouts. `advantageScale: group` also divides by
 * the standard deviation (ddof 1, + 1e-6). The breadth variant (DARS-B) is one minibatch a step and two epochs. With
 * graded rewards the mean reward stands for the accuracy, as in the code.
 */
import { groupAdvantage, groupAdvantageSettings, groupStatistics } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { number, withDefaults } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const dars = objective({
  title: 'DARS',
  source: 'arXiv 2508.13755',
  kinds: ['schedule', 'filter', 'policy loss'],
  summary: 'Hard prompts get more rollouts until they weigh as much as medium ones; constant-length loss.',
  vectors: 'dars',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageScale: 'none' }),
    upperThreshold: number(1, 'groups whose mean reward reaches it are dropped'),
    ...clipRangeSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-sum-norm' }),
  },
  variants: [{ advantageScale: 'group' }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  keep: (batch, { upperThreshold }) => groupsBetween(batch.rewards, batch.group, upperThreshold),
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/** [rollouts] 1 where the mean reward of the group is above 0 and under the threshold. Unscored groups are dropped. */
export function groupsBetween(rewards: Float64Array, group: Int32Array, upperThreshold: number): Uint8Array {
  const { index, count, mean } = groupStatistics(rewards, group);
  return Uint8Array.from(index, (g) => (count[g]! > 0 && mean[g]! > 0 && mean[g]! < upperThreshold ? 1 : 0));
}
