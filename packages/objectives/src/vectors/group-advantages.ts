import { groupAdvantage } from '../advantages/group.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { consecutiveGroups, groupNumbers, type Labels } from './padded.js';

interface Params extends DeviationParams {
  readonly eps: number;
  /** Absent: all rewards are one group. */
  readonly group_size?: number;
}

function advantagesOf(rewards: readonly number[], { eps, group_size, ...deviation }: Params): Float64Array {
  const size = group_size ?? rewards.length;
  const groups = Int32Array.from(consecutiveGroups(rewards.length, size));
  return groupAdvantage(Float64Array.from(rewards), groups, {
    advantageScale: 'group',
    advantageEpsilon: eps,
    advantageStd: deviationOf(deviation),
  });
}

export const grouped = ({ rewards }: { rewards: readonly number[] }, params: Params) => ({
  advantages: advantagesOf(rewards, params),
});

/** GRPO's advantage of scores whose groups are given by labels, as verl has it. */
export const outcomeAdvantage = (
  { scores, group }: { scores: readonly number[]; group: Labels },
  { eps, ...deviation }: DeviationParams & { eps: number },
) => ({
  advantages: groupAdvantage(Float64Array.from(scores), groupNumbers(group), {
    advantageScale: 'group',
    advantageEpsilon: eps,
    advantageStd: deviationOf(deviation),
  }),
});

interface RlptInputs {
  readonly asr_rewards: readonly number[];
  readonly msr_rewards: readonly number[];
}

/** Cards whose advantage is that of GRPO; their rewards are text rewards of packages/verify. */
export const contentModeration: SlugAdapters = { group_advantage: grouped };

export const vmr: SlugAdapters = { grpo_advantage: grouped };

export const rlvrr: SlugAdapters = { group_norm_advantage: grouped };

export const rlpt: SlugAdapters = {
  rlpt_advantages: ({ asr_rewards, msr_rewards }: RlptInputs, { lambda, ...params }: Params & { lambda: number }) => ({
    asr_advantages: advantagesOf(asr_rewards, params),
    msr_advantages_weighted: advantagesOf(msr_rewards, params).map((advantage) => lambda * advantage),
  }),
};
