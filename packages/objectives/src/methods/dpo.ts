/**
 * DPO, direct preference optimisation (arXiv 2305.18290).
 *
 *     z_i = sum over tokens of (log pi - log ref);   m = z(chosen) - z(rejected)
 *     loss = mean over pairs of -log sigmoid(beta m)
 *
 * A pair is a group with two scored members of different rewards: the higher one is chosen. Other groups count nothing.
 * Normalisation: every pair weighs the same.
 */
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { pairSigns } from '../groups.js';
import { number } from '../settings.js';
import { pairLoss } from '../terms/pairs.js';

export const dpo = objective({
  title: 'DPO',
  source: 'arXiv 2305.18290',
  kinds: ['preference loss'],
  summary: 'Logistic loss on the difference of log-ratios to the reference between the better and the worse of a pair.',
  vectors: null,
  settings: { beta: number(0.1, 'inverse temperature of the implicit reward', { min: 0 }) },
  needs: () => ['refLogProb'],
  differentiates: () => ['logProb'],
  advantages: (batch) => broadcast(batch, pairSigns(batch.rewards, batch.group)),
  loss: (context, { beta }) => {
    const { tape } = context;
    const score = context.logProb.sub(context.column('refLogProb')).sum(tape.rollout).mul(beta);
    return pairLoss(context, score);
  },
  splitBy: 'group',
  exempt: { 'zero-gradient': 'pairs come from rewards, not from advantages' },
});
