import type { StandardDeviation } from './group.js';

/**
 * [rollouts][steps] Advantages from step rewards of one group (process supervision, arXiv 2402.03300 section 4.1.3): the
 * rewards of all steps of all rollouts are standardised together, and a step gets the sum of its own and all later
 * ones. Long responses gain where these are positive.
 */
export function processAdvantages(
  stepRewards: readonly (readonly number[])[],
  { epsilon = 1e-6, deviation = 'sample' }: { readonly epsilon?: number; readonly deviation?: StandardDeviation } = {},
): number[][] {
  const pooled = stepRewards.flat();
  const mean = pooled.reduce((sum, reward) => sum + reward, 0) / Math.max(pooled.length, 1);
  const divisor = pooled.length - (deviation === 'sample' ? 1 : 0);
  const isFlat = pooled.every((reward) => reward === pooled[0]);
  const squares = pooled.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const scale = isFlat || divisor < 1 ? 0 : 1 / (Math.sqrt(squares / divisor) + epsilon);
  return stepRewards.map((rewards) => {
    let later = 0;
    return rewards
      .map((reward) => (reward - mean) * scale)
      .reverse()
      .map((value) => (later += value))
      .reverse();
  });
}
