/**
 * RLOO, REINFORCE leave-one-out (arXiv 2402.14740).
 *
 *     A_i = R_i - mean reward of the other members of the group
 *     loss = mean over rollouts of sum over tokens of -A_i log pi
 *
 * Normalisation as in REINFORCE: the whole response is one action. verl and TRL offer the same advantage with a clipped
 * ratio, for several updates on one batch; that is `grpo` with `advantageScale: none` up to the factor G / (G - 1).
 */
import { leaveOneOut } from '../advantages/leave-one-out.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import { scoreFunctionOnServer } from '../terms/server-loss.js';

export const rloo = objective({
  title: 'RLOO',
  source: 'arXiv 2402.14740',
  kinds: ['advantage'],
  summary: 'REINFORCE with the mean reward of the other group members as baseline.',
  vectors: 'baselines',
  settings: commonSettings({ aggregation: 'seq-mean-token-sum' }),
  needs: commonNeeds,
  differentiates: commonGradients,
  advantages: (batch) => broadcast(batch, leaveOneOut(batch.rewards, batch.group)),
  loss: (context, settings) => totalLoss(context, scoreFunctionLoss(context), settings),
  serverLoss: scoreFunctionOnServer,
});
