import { spreadStep, SPREAD_START } from '../filters/reward-spread.js';
import { bfloat16 } from '../metrics/bf16.js';
import { probabilityReward, referenceProbability, sampleSpreads, spreadAdvantage } from '../methods/rlpr.js';
import { repeatedRunPenalty, tagReward, type TagMode } from '../shaping/answer-tags.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { groupNumbers, type Labels, type Matrix } from './padded.js';
import { surrogateCase, type AggregationParams } from './surrogate.js';

interface ScheduleParams {
  readonly beta: number;
  readonly ema_ratio: number;
  readonly ema_start_step: number;
  readonly filter_start_step: number;
}

function schedule({ group_stds_per_step }: { group_stds_per_step: Matrix }, params: ScheduleParams) {
  const options = {
    beta: params.beta,
    decay: params.ema_ratio,
    recordFrom: params.ema_start_step,
    filterFrom: params.filter_start_step,
  };
  let state = SPREAD_START;
  const steps = group_stds_per_step.map((spreads) => {
    const { state: next, average, threshold, keep } = spreadStep(state, spreads, options);
    state = next;
    return { step: next.steps, ema: average, threshold, keep };
  });
  return { per_step: steps };
}

export const rlpr: SlugAdapters = {
  probability_reward: ({ token_probs }: { token_probs: readonly number[] }) => {
    const { mean, meanLog, product, geometricMean } = referenceProbability(token_probs);
    return {
      mean_exp_log_softmax: mean,
      mean_log_softmax: meanLog,
      exp_sum_log_softmax: product,
      exp_mean_log_softmax: geometricMean,
      mean_exp_log_softmax_bf16: bfloat16(mean),
    };
  },
  format_reward: ({ text }: { text: string }, { mode }: { mode: TagMode }) => ({ reward: tagReward(text, mode) }),
  rlpr_reward: (
    inputs: { score_base: number; score_cot: number; format: number },
    { format_coefficient, threshold }: { format_coefficient: number; threshold: number },
  ) => ({
    reward: probabilityReward(inputs.score_cot, inputs.score_base, inputs.format, {
      formatCoef: format_coefficient,
      threshold,
    }),
  }),
  repetition_penalty: (
    { text }: { text: string },
    { window, max_repetitions }: { window: number; max_repetitions: number },
  ) => ({ penalty: repeatedRunPenalty(text, window, max_repetitions) }),
  grpo_outcome_advantage: (
    { scores, group }: { scores: readonly number[]; group: Labels },
    { std_filter, eps, ...deviation }: DeviationParams & { std_filter: number; eps: number },
  ) => {
    const rewards = Float64Array.from(scores);
    const groups = groupNumbers(group);
    const advantageStd = deviationOf(deviation);
    const spread = sampleSpreads(rewards, groups, advantageStd);
    const settings = {
      advantageScale: 'group',
      advantageEpsilon: eps,
      advantageStd,
      spreadFloor: std_filter,
    } as const;
    return {
      advantages: spreadAdvantage(rewards, groups, settings),
      filtered_fraction: spread.filter((value) => value < std_filter).length / spread.length,
      group_std_per_sample: spread,
    };
  },
  policy_loss: (
    inputs: { logprobs: Matrix; old_logprobs: Matrix; advantages: Matrix; mask: Matrix },
    params: AggregationParams & { clip_low: number; clip_high: number },
  ) => {
    const { logprobs: logp, old_logprobs: old_logp, advantages, mask } = inputs;
    const range = { clipLow: params.clip_low, clipHigh: params.clip_high };
    const found = surrogateCase({ logp, old_logp, advantages, mask }, params, (context) =>
      clippedLoss(context, tokenRatio(context), range),
    );
    return { loss: found.loss, clipfrac: found.clip_frac, ppo_kl: found.ppo_kl, grad_logprobs: found.grad_logp };
  },
  std_filter_schedule: schedule,
};
