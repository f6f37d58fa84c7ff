/**
 * RLPR, the probability of the reference as reward (arXiv 2506.18254; reward_manager/prob.py and core_algos.py of its
 * repository).
 *
 *     p_j   probability of reference token j after the sampled reasoning, under the current policy, no gradient
 *     R_i   = (1 - c) clip(mean p_j - base, 0, 1) + c f_i + repetition penalty;  base: the same without reasoning
 *     A_i   = (R_i - mean_g) / (std_g + 1e-6), 0 where std_g < 1e-6
 *     loss  = sum of max(-A r, -A clip(r, 0.8, 1.27)) / tokens - 0.001 mean entropy
 *
 * base is computed once with the initial policy. c = 0.1, f from `tagReward`; c = -1 makes the format a gate. Groups with
 * little spread are dropped by `spreadStep`. The official code adds the repetition penalty only to rewards other than 0;
 * add it always. The paper's eq. 5 is REINFORCE, the code PPO. The gradient is on the sampled response.
 */
import {
  groupAdvantage,
  groupAdvantageSettings,
  groupStatistics,
  type GroupAdvantageSettings,
  type StandardDeviation,
} from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { number, withDefaults } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

/** Standard deviations below it count as none. */
export const SPREAD_FLOOR = 1e-6;

export const rlpr = objective({
  title: 'RLPR',
  source: 'arXiv 2506.18254',
  kinds: ['reward', 'filter', 'policy loss'],
  summary:
    'Pays how much the reasoning raises the mean probability of the reference answer; drops groups of little spread.',
  vectors: 'rlpr',
  settings: {
    ...groupAdvantageSettings,
    spreadFloor: number(SPREAD_FLOOR, 'groups of a smaller standard deviation have no advantage', { min: 0 }),
    ...withDefaults(clipRangeSettings, { clipHigh: 0.27 }),
    ...commonSettings({ entropyCoef: 0.001 }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, spreadAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/** [rollouts] The group's advantage, 0 for groups of two and more whose standard deviation is below the floor. */
export function spreadAdvantage(
  rewards: Float64Array,
  group: Int32Array,
  { spreadFloor, ...settings }: GroupAdvantageSettings & { readonly spreadFloor: number },
): Float64Array {
  const spread = sampleSpreads(rewards, group, settings.advantageStd);
  return groupAdvantage(rewards, group, settings).map((value, i) => (spread[i]! < spreadFloor ? 0 : value));
}

/** [rollouts] Standard deviation of the group of each; 1 for a single scored member. */
export function sampleSpreads(rewards: Float64Array, group: Int32Array, deviation?: StandardDeviation): Float64Array {
  const { index, count, std } = groupStatistics(rewards, group, deviation);
  return Float64Array.from(index, (g) => (count[g] === 1 ? 1 : std[g]!));
}

export interface ReferenceProbability {
  /** The reward; the others are what the paper compares it with. */
  readonly mean: number;
  readonly meanLog: number;
  readonly product: number;
  readonly geometricMean: number;
}

/** From the probabilities of the reference's tokens. All 0 for a response into which it could not be spliced. */
export function referenceProbability(probabilities: readonly number[]): ReferenceProbability {
  const count = probabilities.length;
  if (count === 0) return { mean: 0, meanLog: 0, product: 0, geometricMean: 0 };
  const mean = probabilities.reduce((sum, p) => sum + p, 0) / count;
  const logs = probabilities.reduce((sum, p) => sum + Math.log(p), 0);
  return { mean, meanLog: logs / count, product: Math.exp(logs), geometricMean: Math.exp(logs / count) };
}

export interface ProbabilityRewardOptions {
  /** c; -1: the format is a gate, a broken one costs 1. */
  readonly formatCoef?: number;
  /** Smaller gains over the base count as none. */
  readonly threshold?: number;
}

/** R_i before the repetition penalty. `format`: 0 or 1. */
export function probabilityReward(
  score: number,
  base: number,
  format: number,
  { formatCoef = 0.1, threshold = 0 }: ProbabilityRewardOptions = {},
): number {
  const difference = score - base;
  const gain = difference < threshold ? 0 : Math.min(Math.max(difference, 0), 1);
  if (formatCoef === -1) return format === 1 ? gain : -1;
  return (1 - formatCoef) * gain + formatCoef * format;
}
