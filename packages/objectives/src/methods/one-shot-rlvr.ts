/**
 * One-shot RLVR, training on a single problem (arXiv 2504.20571; dp_actor.py and data_selection.py of its repository).
 *
 *     A_i  = (R_i - mean_g) / (std_g + 1e-6)
 *     loss = c_pg L_pg + 0.001 mean over tokens of k3 - 0.001 mean entropy
 *     L_pg = sum of max(-A r, -A clip(r, 0.8, 1.2)) / tokens                     no dual clip
 *
 * The problem is the one whose accuracy varied most over the epochs of an earlier run (`rankByHistory`), repeated until it
 * fills the batch. Every copy is a group of its own: normalising over all copies would be another method. Log-probs and
 * entropy are under the sampling temperature. Coefficients of 0 give the rows of the paper's ablation; `policyCoef: 0` is
 * the entropy-only run.
 */
import { groupAdvantage, groupAdvantageSettings, type StandardDeviation } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';

export const oneShotRlvr = objective({
  title: 'One-shot RLVR',
  source: 'arXiv 2504.20571',
  kinds: ['policy loss', 'filter'],
  summary: 'One problem, chosen by how its accuracy varied in an earlier run; a weight on each term of the loss.',
  vectors: 'one-shot-rlvr',
  settings: {
    ...groupAdvantageSettings,
    policyCoef: number(1, 'c_pg, weight of the policy loss', { min: 0 }),
    ...clipRangeSettings,
    ...commonSettings({ entropyCoef: 0.001, klCoef: 0.001 }),
  },
  variants: [{ policyCoef: 0, klCoef: 0 }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const policy = clippedLoss(context, tokenRatio(context), settings).mul(settings.policyCoef);
    return totalLoss(context, policy, settings);
  },
});

export interface HistoryRank {
  /** [problems] Variance of the accuracy over epochs; 0 for a problem without history. */
  readonly variance: number[];
  /** Problems from the largest variance to the smallest; those of equal variance keep their order. */
  readonly order: number[];
}

/** Historical variance score. `accuracies`: [problems][epochs], as many epochs as each problem has. */
export function rankByHistory(
  accuracies: readonly (readonly number[])[],
  deviation: StandardDeviation = 'population',
): HistoryRank {
  const variance = accuracies.map((history) => {
    const mean = meanOf(history);
    const squares = history.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const divisor = history.length - (deviation === 'sample' ? 1 : 0);
    return divisor > 0 ? squares / divisor : 0;
  });
  const order = [...variance.keys()].sort((a, b) => variance[b]! - variance[a]!);
  return { variance, order };
}

/**
 * [problems] The alternative of its data_selection.py: 1 - sum of (s - m)^2 / sum of (1 - m)^2 over epochs, m being
 * the mean of all problems that have the epoch.
 */
export function learningImpact(accuracies: readonly (readonly number[])[]): number[] {
  const epochs = Math.max(0, ...accuracies.map((history) => history.length));
  const means = Array.from({ length: epochs }, (_, epoch) =>
    meanOf(accuracies.filter((history) => epoch < history.length).map((history) => history[epoch]!)),
  );
  return accuracies.map((history) => {
    const distance = history.reduce((sum, value, epoch) => sum + (value - means[epoch]!) ** 2, 0);
    const room = history.reduce((sum, _, epoch) => sum + (1 - means[epoch]!) ** 2, 0);
    return room > 0 ? 1 - distance / room : 1;
  });
}

function meanOf(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
