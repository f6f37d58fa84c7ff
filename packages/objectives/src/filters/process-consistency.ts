import { denseGroups } from '../groups.js';
import type { StepConsistency } from '../metrics/step-consistency.js';
import { hashedUniform, roundHalfEven } from '../terms/select.js';

export const quotaRoundings = ['half-even', 'up'] as const;

export type QuotaRounding = (typeof quotaRoundings)[number];

export interface ConsistencyFilter {
  /** Rollouts to take out of every group. */
  readonly remove: number;
  /** Taken off the score of a rollout with too few or too many steps, whatever its outcome. */
  readonly stepPenalty: number;
  readonly minSteps: number;
  readonly maxSteps: number;
  /** `both`: the least consistent of either outcome; `correct`: of the wrong ones any, by draw. */
  readonly mode: 'both' | 'correct';
  readonly seed: number;
  /** How a quota that is not whole is rounded: as in the official code (default), or as in the paper. */
  readonly rounding?: QuotaRounding;
}

/**
 * How many right and wrong rollouts to take out of a group so that what stays is balanced (PROF, arXiv 2509.03403). The
 * code rounds a half to even, the paper up.
 */
export function removalQuotas(
  right: number,
  wrong: number,
  remove: number,
  rounding: QuotaRounding = 'half-even',
): { readonly right: number; readonly wrong: number } {
  const round = rounding === 'up' ? Math.ceil : roundHalfEven;
  const fromRight = Math.min(Math.max(0, Math.min(remove, round((right - wrong + remove) / 2))), right);
  return { right: fromRight, wrong: Math.min(remove - fromRight, wrong) };
}

/**
 * [rollouts] 1 where the rollout stays: of every group those leave whose process scores agree least with the outcome, by
 * the quotas above; of equal ones the earlier. Rewards other than 0 and 1 leave.
 */
export function consistentRollouts(
  { scores, steps }: StepConsistency,
  rewards: ArrayLike<number>,
  group: Int32Array,
  { remove, stepPenalty, minSteps, maxSteps, mode, seed, rounding }: ConsistencyFilter,
): Uint8Array {
  const { index, count } = denseGroups(group);
  const right: number[][] = Array.from({ length: count }, () => []);
  const wrong: number[][] = Array.from({ length: count }, () => []);
  index.forEach((g, i) => {
    if (rewards[i] === 1) right[g]!.push(i);
    else if (rewards[i] === 0) wrong[g]!.push(i);
  });
  const penalised = scores.map((score, i) =>
    steps[i]! < minSteps || steps[i]! > maxSteps ? score - stepPenalty : score,
  );
  const drawn = mode === 'correct' ? scores.map((score) => hashedUniform(Math.fround(score), seed)) : penalised;
  const keep = new Uint8Array(group.length);
  for (let g = 0; g < count; g++) {
    const quota = removalQuotas(right[g]!.length, wrong[g]!.length, remove, rounding);
    for (const i of withoutLowest(right[g]!, penalised, quota.right)) keep[i] = 1;
    for (const i of withoutLowest(wrong[g]!, drawn, quota.wrong)) keep[i] = 1;
  }
  return keep;
}

function withoutLowest(members: readonly number[], keys: ArrayLike<number>, count: number): number[] {
  return [...members].sort((a, b) => keys[a]! - keys[b]!).slice(count);
}
