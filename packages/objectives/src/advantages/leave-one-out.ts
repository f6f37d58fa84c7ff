import { groupStatistics } from './group.js';

/**
 * [rollouts] Reward minus the mean reward of the other scored members of the group (RLOO, arXiv 2402.14740), which is
 * G / (G - 1) (R - mean_g). A single scored member keeps its reward; unscored rollouts get 0.
 */
export function leaveOneOut(rewards: Float64Array, group: Int32Array): Float64Array {
  const { index, count, mean } = groupStatistics(rewards, group);
  return rewards.map((reward, i) => {
    if (Number.isNaN(reward)) return 0;
    const members = count[index[i]!]!;
    return members > 1 ? (members / (members - 1)) * (reward - mean[index[i]!]!) : reward;
  });
}
