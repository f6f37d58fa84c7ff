import type { ScoredGroup } from '../rollout/rollout.js';

/** Leaves out groups, or rollouts of groups, before advantages are taken. Groups left out are counted as skipped. */
export type GroupFilter = (groups: readonly ScoredGroup[]) => readonly ScoredGroup[];

/** What the rewards of a group say to a method that compares its members. */
export type GroupSignal = 'mixed' | 'all-right' | 'all-wrong' | 'all-equal' | 'unjudged';

/**
 * `mixed`: two judged rewards differ, so that the group can teach. Otherwise why it cannot: every judged answer was
 * correct, none was, they earned the same for other reasons, or fewer than two could be judged.
 */
export function groupSignal({ rollouts }: ScoredGroup): GroupSignal {
  const judged = rollouts.filter(({ reward }) => !Number.isNaN(reward.total));
  const first = judged[0];
  if (first === undefined || judged.length < 2) return 'unjudged';
  if (judged.some(({ reward }) => reward.total !== first.reward.total)) return 'mixed';
  if (judged.every(({ verdict }) => verdict.outcome === 'correct')) return 'all-right';
  if (judged.every(({ verdict }) => verdict.outcome !== 'correct')) return 'all-wrong';
  return 'all-equal';
}

export const groupFilters = {
  /** Groups whose judged rewards are all equal are skipped (dynamic sampling of DAPO, arXiv 2503.14476, section 3.2). */
  signal: (groups) => groups.filter((group) => groupSignal(group) === 'mixed'),
  /** Every group that holds a judged rollout is kept: for methods with a baseline or a loss of their own. */
  none: (groups) => groups.filter(({ rollouts }) => rollouts.some(({ reward }) => !Number.isNaN(reward.total))),
} as const satisfies Record<string, GroupFilter>;

export type GroupFilterName = keyof typeof groupFilters;
