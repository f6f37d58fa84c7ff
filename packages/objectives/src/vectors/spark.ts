import { groupAdvantage } from '../advantages/group.js';
import { pairwiseLabel, planAuxiliaryItems, pointwiseLabel, type JudgingPlan } from '../methods/spark.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import { clippedLoss } from '../terms/clip.js';
import { klPenalty } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';
import { broadcast } from '../columns.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, evaluateFormula, type Matrix } from './padded.js';

interface LossInputs {
  readonly log_probs: Matrix;
  readonly old_log_probs: Matrix;
  readonly ref_log_probs: Matrix;
  /** Of one group. */
  readonly rewards: readonly number[];
  readonly mask: Matrix;
}

function advantagesOf(
  rewards: readonly number[],
  { eps, ...deviation }: DeviationParams & { eps: number },
): Float64Array {
  return groupAdvantage(Float64Array.from(rewards), new Int32Array(rewards.length), {
    advantageScale: 'group',
    advantageEpsilon: eps,
    advantageStd: deviationOf(deviation),
  });
}

interface LossParams {
  readonly clip_eps: number;
  readonly kl_coef: number;
  readonly kl: 'k1' | 'k2' | 'k3';
  readonly reduction: Aggregation;
}

function lossCase(inputs: LossInputs, { clip_eps, kl_coef, kl: kind, reduction }: LossParams) {
  const { log_probs: logProb, old_log_probs: oldLogProb, ref_log_probs: refLogProb } = inputs;
  const batch = batchOf(inputs.mask, { logProb, oldLogProb, refLogProb });
  const advantages = advantagesOf(inputs.rewards, { eps: 1e-9 });
  const mean = { aggregation: reduction, lengthNorm: null };
  const parts = { policy_loss: 0, kl: 0 };
  const result = evaluateFormula(batch, broadcast(batch, advantages), (context) => {
    const { tape, totals } = context;
    const range = { clipLow: clip_eps, clipHigh: clip_eps };
    const policy = aggregate(tape, clippedLoss(context, tokenRatio(context), range), totals, mean);
    const kl = klPenalty(context.logProb, context.column('refLogProb'), kind === 'k3' ? 'k3-unbounded' : kind);
    const divergence = aggregate(tape, kl, totals, mean);
    parts.policy_loss = policy.scalar;
    parts.kl = divergence.scalar;
    return policy.add(divergence.mul(kl_coef));
  });
  return { advantages, ...parts, loss: result.loss, grad: result.gradient('logProb') };
}

function rewardItem(plan: JudgingPlan) {
  switch (plan.kind) {
    case 'pointwise':
      return { kind: 'pointwise', eligible: plan.eligible, label: plan.verdict };
    case 'mixed-pointwise':
    case 'pairwise': {
      const lists = { eligible_correct: plan.correct, eligible_incorrect: plan.incorrect };
      return plan.kind === 'pairwise'
        ? { kind: 'pairwise', ...lists, label: 'position of the correct answer' }
        : { kind: 'pointwise', ...lists, label: 'of the drawn response' };
    }
  }
}

interface LabelInputs {
  readonly kind: 'pointwise' | 'pairwise';
  readonly reward: number | null;
  readonly label_type: 'yesno' | 'ab';
  readonly correct_first: boolean | null;
}

export const spark: SlugAdapters = {
  spark_loss: lossCase,
  group_advantage: ({ rewards }: { rewards: readonly number[] }, params: DeviationParams & { eps: number }) => ({
    advantages: advantagesOf(rewards, params),
  }),
  plan_auxiliary_items: (
    inputs: { rewards: Matrix; answer_missing: Matrix; uniform_draw: readonly number[] },
    { pointwise_share_of_mixed }: { pointwise_share_of_mixed: number },
  ) => {
    const groups = inputs.rewards.map((rewards, i) => ({
      rewards,
      isMissing: inputs.answer_missing[i]!.map((flag) => flag !== 0),
    }));
    const plans = planAuxiliaryItems(groups, inputs.uniform_draw, pointwise_share_of_mixed);
    return { groups: plans.map(({ judging, reflection }) => ({ reward_item: rewardItem(judging), reflection })) };
  },
  auxiliary_label: ({ kind, reward, label_type, correct_first }: LabelInputs) => ({
    label: kind === 'pairwise' ? pairwiseLabel(correct_first === true) : pointwiseLabel((reward ?? 0) > 0, label_type),
  }),
};
