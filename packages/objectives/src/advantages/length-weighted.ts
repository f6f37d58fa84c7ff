import { denseGroups } from '../groups.js';

/**
 * [rollouts] R_i - sum_j |o_j| R_j / sum_j |o_j| over the scored members of the group. A single scored member keeps its
 * reward; unscored rollouts, and groups whose responses are all empty, get 0.
 */
export function lengthWeightedBaseline(rewards: Float64Array, group: Int32Array, lengths: Float64Array): Float64Array {
  const { index, count } = denseGroups(group);
  const members = new Int32Array(count);
  const total = new Float64Array(count);
  const weighted = new Float64Array(count);
  const low = new Float64Array(count).fill(Infinity);
  const high = new Float64Array(count).fill(-Infinity);
  rewards.forEach((reward, i) => {
    if (Number.isNaN(reward)) return;
    const g = index[i]!;
    members[g]! += 1;
    total[g]! += lengths[i]!;
    weighted[g]! += lengths[i]! * reward;
    low[g] = Math.min(low[g]!, reward);
    high[g] = Math.max(high[g]!, reward);
  });
  return rewards.map((reward, i) => {
    const g = index[i]!;
    if (Number.isNaN(reward) || total[g] === 0) return 0;
    if (members[g] === 1) return reward;
    return low[g] === high[g] ? 0 : reward - weighted[g]! / total[g]!;
  });
}
