import { groupAdvantage } from '../advantages/group.js';
import { valueSampling, type SamplingOptions } from '../filters/task-value.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import type { Matrix } from './padded.js';

interface PlanParams extends DeviationParams {
  readonly r_max: number;
  readonly power?: number;
  readonly max_total_weight?: number;
}

function planOf(groups: Matrix, uniforms: readonly number[], params: PlanParams) {
  const { r_max, power = 0.5, max_total_weight = 2, std = 'population' } = params;
  const rewards = Float64Array.from(groups.flat());
  const group = Int32Array.from(groups.flatMap((list, g) => list.map(() => g)));
  const valueStd = deviationOf({ std });
  const options: SamplingOptions = { maxReward: r_max, power, maxWeight: max_total_weight, valueStd };
  return { rewards, group, plan: valueSampling(rewards, group, (place) => uniforms[place]!, options) };
}

export const prsVspo: SlugAdapters = {
  vspoTaskValue: ({ groups }: { groups: Matrix }, params: PlanParams) => ({
    values: Array.from(planOf(groups, new Array<number>(groups.length).fill(0), params).plan.values),
  }),
  vspoPlan: ({ groups, uniforms }: { groups: Matrix; uniforms: readonly number[] }, params: PlanParams) => {
    const { rewards, group, plan } = planOf(groups, uniforms, params);
    const advantages = groupAdvantage(rewards, group, { advantageScale: 'group', advantageEpsilon: 1e-6 });
    return {
      values: Array.from(plan.values),
      live: plan.live,
      replaced_slots: plan.replaced,
      replacement: plan.replacement,
      copies: Array.from(plan.copies),
      weights: Array.from(plan.weights),
      advantage_per_copy: groups.map((list, g) =>
        list.map((_, k) => plan.weights[g]! * advantages[group.indexOf(g) + k]!),
      ),
    };
  },
};
