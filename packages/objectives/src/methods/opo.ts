/**
 * OPO, on-policy RL with an optimal reward baseline (arXiv 2505.23585).
 *
 *     A_i = R_i - sum_j |o_j| R_j / sum_j |o_j|                    over the group: the variance-minimal baseline when
 *     loss = sum of -A_i log pi / tokens                            gradient norms grow with length
 *
 * Exactly on-policy (one update a batch), hence no ratio and no clip; no KL, no entropy bonus. verl (core_algos.py,
 * compute_opo_outcome_advantage) has the same baseline. A group of one keeps its reward.
 */
import { lengthWeightedBaseline } from '../advantages/length-weighted.js';
import { broadcast, responseLengths } from '../columns.js';
import { objective } from '../define.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import { scoreFunctionOnServer } from '../terms/server-loss.js';

export const opo = objective({
  title: 'OPO',
  source: 'arXiv 2505.23585',
  kinds: ['advantage'],
  summary: 'Exactly on-policy REINFORCE with a length-weighted group mean as baseline.',
  vectors: null,
  settings: commonSettings(),
  needs: commonNeeds,
  differentiates: commonGradients,
  advantages: (batch) => broadcast(batch, lengthWeightedBaseline(batch.rewards, batch.group, responseLengths(batch))),
  loss: (context, settings) => totalLoss(context, scoreFunctionLoss(context), settings),
  serverLoss: scoreFunctionOnServer,
});
