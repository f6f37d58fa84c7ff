import { denseGroups } from '../groups.js';
import { choice, number } from '../settings.js';

/** What the distance to the group mean is divided by. */
export const advantageScales = ['group', 'batch', 'none'] as const;

export type AdvantageScale = (typeof advantageScales)[number];

/** Sum of squares over n - 1 (`sample`, as verl and TRL) or over n (`population`). */
export const standardDeviations = ['sample', 'population'] as const;

export type StandardDeviation = (typeof standardDeviations)[number];

export const groupAdvantageSettings = {
  advantageScale: choice('group', advantageScales, 'divide by the standard deviation of the group, the batch, or not'),
  advantageEpsilon: number(1e-6, 'added to that standard deviation', { min: 0 }),
  advantageStd: choice('sample', standardDeviations, 'whether that deviation divides by n - 1 or by n'),
} as const;

export interface GroupAdvantageSettings {
  readonly advantageScale: AdvantageScale;
  readonly advantageEpsilon: number;
  /** Default: `sample`. */
  readonly advantageStd?: StandardDeviation;
}

/** Statistics of the scored rewards of each group. */
export interface GroupStatistics {
  /** [rollouts] Dense group number. */
  readonly index: Int32Array;
  /** [groups] Rewards that are not NaN. */
  readonly count: Float64Array;
  /** [groups] */
  readonly mean: Float64Array;
  /** [groups] Standard deviation; 0 for fewer than two members or equal rewards. */
  readonly std: Float64Array;
}

export function groupStatistics(
  rewards: Float64Array,
  group: Int32Array,
  deviation: StandardDeviation = 'sample',
): GroupStatistics {
  const { index, count: groups } = denseGroups(group);
  const count = new Float64Array(groups);
  const mean = new Float64Array(groups);
  const low = new Float64Array(groups).fill(Infinity);
  const high = new Float64Array(groups).fill(-Infinity);
  rewards.forEach((reward, i) => {
    if (Number.isNaN(reward)) return;
    const g = index[i]!;
    count[g]! += 1;
    mean[g]! += (reward - mean[g]!) / count[g]!;
    low[g] = Math.min(low[g]!, reward);
    high[g] = Math.max(high[g]!, reward);
  });
  // Equal rewards must give exactly 0: a mean that rounds would leave dust that division by epsilon blows up.
  for (let g = 0; g < groups; g++) if (low[g] === high[g]) mean[g] = low[g]!;
  const std = new Float64Array(groups);
  rewards.forEach((reward, i) => {
    if (!Number.isNaN(reward)) std[index[i]!]! += (reward - mean[index[i]!]!) ** 2;
  });
  const lost = deviation === 'sample' ? 1 : 0;
  for (let g = 0; g < groups; g++) std[g] = count[g]! > 1 ? Math.sqrt(std[g]! / (count[g]! - lost)) : 0;
  return { index, count, mean, std };
}

/** [rollouts] (R - mean_g) / std_g; 0 in groups without spread, those of one included, and for unscored rollouts. */
export function standardised(
  rewards: Float64Array,
  group: Int32Array,
  deviation: StandardDeviation = 'population',
): Float64Array {
  const { index, mean, std } = groupStatistics(rewards, group, deviation);
  return rewards.map((reward, i) => {
    const spread = std[index[i]!]!;
    return Number.isNaN(reward) || spread === 0 ? 0 : (reward - mean[index[i]!]!) / spread;
  });
}

/**
 * [rollouts] Group-relative advantage (R - mean_g) / (std + epsilon), or without the division. A group with one scored
 * member has mean 0 and standard deviation 1 (verl), so its advantage is its reward. Unscored rollouts get 0.
 */
export function groupAdvantage(
  rewards: Float64Array,
  group: Int32Array,
  settings: GroupAdvantageSettings,
): Float64Array {
  const { advantageScale: scale, advantageEpsilon: epsilon, advantageStd } = settings;
  const { index, count, mean, std } = groupStatistics(rewards, group, advantageStd);
  const whole = () => groupStatistics(rewards, new Int32Array(group.length), advantageStd);
  const batchStd = scale === 'batch' ? whole().std[0] : undefined;
  return rewards.map((reward, i) => {
    if (Number.isNaN(reward)) return 0;
    const g = index[i]!;
    const single = count[g] === 1;
    const distance = single ? reward : reward - mean[g]!;
    if (scale === 'none' || distance === 0) return distance;
    return distance / ((batchStd ?? (single ? 1 : std[g]!)) + epsilon);
  });
}
