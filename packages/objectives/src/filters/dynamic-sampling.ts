import { groupStatistics } from '../advantages/group.js';
import { part } from '../define.js';

export const dynamicSampling = part({
  title: 'Dynamic sampling',
  source: 'arXiv 2503.14476',
  kinds: ['filter'],
  summary: 'Drops groups whose rewards are all equal.',
  vectors: 'baselines',
  needs: [],
});

/**
 * [rollouts] DAPO's dynamic sampling (arXiv 2503.14476): 1 for every member of a group whose rewards differ, and of a
 * group with one member. Unscored rewards (NaN) do not make a difference; a group with none scored is dropped.
 */
export function groupsWithSignal(rewards: Float64Array, group: Int32Array): Uint8Array {
  const { index, std, count } = groupStatistics(rewards, group);
  const members = new Int32Array(count.length);
  for (const g of index) members[g]! += 1;
  return Uint8Array.from(index, (g) => (std[g]! > 0 || (members[g] === 1 && count[g] === 1) ? 1 : 0));
}
