import { groupAdvantage, groupStatistics } from '../advantages/group.js';
import { groupsBetween } from '../methods/dars.js';
import { advantageMass, extraRollouts } from '../schedules/extra-rollouts.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { logProbCase, type LogProbInputs } from './clip-loss.js';
import { groupNumbers, type Labels } from './padded.js';

interface BudgetParams {
  readonly schedule: 'ET' | 'HW';
  readonly n: number;
  readonly n_max: number;
  readonly use_std: boolean;
}

type RewardsByPrompt = Readonly<Record<string, readonly number[]>>;

function mergeCase(
  { first, second }: { first: RewardsByPrompt; second: RewardsByPrompt },
  { upper_threshold }: { upper_threshold: number },
) {
  const prompts = Object.keys(first);
  const merged = prompts.map((prompt) => [...first[prompt]!, ...(second[prompt] ?? [])]);
  const rewards = Float64Array.from(merged.flat());
  const group = Int32Array.from(merged.flatMap((list, g) => list.map(() => g)));
  const { mean, count } = groupStatistics(rewards, group);
  const keep = groupsBetween(rewards, group, upper_threshold);
  const groups = prompts.map((prompt, g) => [
    prompt,
    { accuracy: mean[g], kept: keep[group.indexOf(g)] === 1, num: count[g] },
  ]);
  return { groups: Object.fromEntries(groups) as unknown };
}

export const dars: SlugAdapters = {
  darsExtraRollouts: (
    { accuracy }: { accuracy: readonly number[] },
    { n, n_max, use_std, ...params }: BudgetParams,
  ) => {
    const schedule = params.schedule === 'ET' ? 'equal' : 'hardness';
    return { extra: accuracy.map((a) => extraRollouts(a, { schedule, n, most: n_max, byStd: use_std })) };
  },
  darsCumulativeAdvantage: ({ accuracy }: { accuracy: readonly number[] }, { n }: { n: number }) => ({
    no_std_paper: accuracy.map((a) => n * advantageMass(a, false)),
    std_paper: accuracy.map((a) => n * advantageMass(a, true)),
  }),
  darsMerge: mergeCase,
  darsAdvantage: (
    { rewards, group }: { rewards: readonly number[]; group: Labels },
    { use_std }: { use_std: boolean },
  ) => {
    const settings = { advantageScale: use_std ? 'group' : 'none', advantageEpsilon: 1e-6 } as const;
    return { advantages: Array.from(groupAdvantage(Float64Array.from(rewards), groupNumbers(group), settings)) };
  },
  darsLoss: (inputs: LogProbInputs, { clip }: { clip: number }) =>
    logProbCase(inputs, 'seq-mean-token-sum-norm', (context) =>
      clippedLoss(context, tokenRatio(context), { clipLow: clip, clipHigh: clip }),
    ),
};
