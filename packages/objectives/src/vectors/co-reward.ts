import { crossRewards, majorityAnswer, teacherPolicyWeight } from '../methods/co-reward.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import { clippedSurrogate } from '../terms/clip.js';
import { klPenalty } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { outcomeAdvantage } from './group-advantages.js';
import { verlKl } from './options.js';
import { batchOf, evaluateFormula, flatten, type Matrix } from './padded.js';

interface View {
  readonly logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly ref_logprobs: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
}

interface LossParams {
  readonly clip: number;
  readonly clip_c: number;
  readonly kl_coef: number;
  readonly agg: Aggregation;
  readonly kl_type: keyof typeof verlKl;
}

function viewCase(view: View, { clip, clip_c, kl_coef, agg, kl_type }: LossParams) {
  const columns = { logProb: view.logprobs, oldLogProb: view.old_logprobs, refLogProb: view.ref_logprobs };
  const batch = batchOf(view.mask, columns);
  const parts = { pg_loss: 0, kl_loss: 0 };
  const result = evaluateFormula(batch, flatten(view.advantages), (context) => {
    const { tape, totals } = context;
    const settings = { clipLow: clip, clipHigh: clip, dualClip: clip_c };
    const mean = { aggregation: agg, lengthNorm: null };
    const policy = aggregate(tape, clippedSurrogate(context, tokenRatio(context), settings), totals, mean);
    const kl = aggregate(tape, klPenalty(context.logProb, context.column('refLogProb'), verlKl[kl_type]), totals, mean);
    parts.pg_loss = policy.scalar;
    parts.kl_loss = kl.scalar;
    return policy.add(kl.mul(kl_coef));
  });
  return {
    ...parts,
    loss: result.loss,
    clipfrac: result.metrics['clipFraction'],
    clipfrac_lower: result.metrics['clipFractionLower'],
    grad_logprobs: result.gradient('logProb'),
  };
}

type Answers = readonly (string | null)[];

export const coReward: SlugAdapters = {
  majority_vote: ({ answers }: { answers: Answers }) => ({ label: majorityAnswer(answers) }),
  cross_reward: (inputs: { original_answers: Answers; rephrased_answers: Answers }) => {
    const found = crossRewards(inputs.original_answers, inputs.rephrased_answers);
    return {
      label_for_original: found.labelForOriginal,
      label_for_rephrased: found.labelForRephrased,
      rewards_original: found.original,
      rewards_rephrased: found.rephrased,
    };
  },
  grpo_outcome_advantage: outcomeAdvantage,
  co_reward_loss: (views: { original: View; rephrased: View }, params: LossParams) => {
    const original = viewCase(views.original, params);
    const rephrased = viewCase(views.rephrased, params);
    return { original, rephrased, loss: original.loss + rephrased.loss };
  },
  ema_policy_weight: (
    { steps }: { steps: readonly number[] },
    params: { total_steps: number; alpha_start: number; alpha_end: number },
  ) => ({
    policy_weight: steps.map((step) =>
      teacherPolicyWeight(step, params.total_steps, params.alpha_start, params.alpha_end),
    ),
  }),
};
