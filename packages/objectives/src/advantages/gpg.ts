import { choice, number } from '../settings.js';
import { groupStatistics } from './group.js';

export const gpgSettings = {
  signalCount: choice('paper', ['paper', 'nonzero-reward'], 'which samples count as carrying signal'),
  advantageNorm: number(1, 'f_norm, what the distance to the group mean is divided by', { min: 1e-12 }),
} as const;

export interface GpgSettings {
  readonly signalCount: 'paper' | 'nonzero-reward';
  readonly advantageNorm: number;
}

/**
 * [rollouts] alpha (R - mean_g) / f_norm with alpha = scored rollouts / max(those with signal, 1). A group of one keeps
 * its reward; unscored rollouts get 0 and do not count.
 */
export function gpgAdvantage(rewards: Float64Array, group: Int32Array, settings: GpgSettings): Float64Array {
  const { index, count, mean, std } = groupStatistics(rewards, group);
  let [scored, signal] = [0, 0];
  rewards.forEach((reward, i) => {
    if (Number.isNaN(reward)) return;
    const g = index[i]!;
    scored += 1;
    const counts = settings.signalCount === 'paper' ? std[g]! > 0 || (count[g] === 1 && reward !== 0) : reward !== 0;
    signal += counts ? 1 : 0;
  });
  const alpha = scored / Math.max(signal, 1);
  return rewards.map((reward, i) => {
    if (Number.isNaN(reward)) return 0;
    const distance = count[index[i]!] === 1 ? reward : reward - mean[index[i]!]!;
    return (alpha * distance) / settings.advantageNorm;
  });
}
