import { groupAdvantage } from '../advantages/group.js';
import { refinedPolicyLoss } from '../methods/rgr-grpo.js';
import { assessExploration, rubricReward } from '../shaping/rubric.js';
import { aggregate } from '../terms/aggregate.js';
import { meanWhere } from '../terms/mixed-policy.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, evaluateFormula, flatten, type Matrix } from './padded.js';

interface RubricInputs {
  readonly weights: readonly number[];
  readonly is_factual: readonly number[];
}

const flags = (values: readonly number[]) => values.map((value) => value !== 0);

function rubricOf({ weights, is_factual }: RubricInputs) {
  return { weights, isFactual: flags(is_factual) };
}

interface LossInputs {
  readonly log_probs: Matrix;
  readonly old_log_probs: Matrix;
  readonly advantages_per_sequence: readonly number[];
  readonly mask: Matrix;
  readonly is_off_policy: readonly number[];
}

interface LossParams {
  readonly use_clip: boolean;
  readonly clip_eps: number;
  readonly gamma: number;
  readonly reduction: 'token-mean' | 'sum / max_response_length';
}

function mixPolicyLoss(inputs: LossInputs, { use_clip, clip_eps, gamma, reduction }: LossParams) {
  const { mask, log_probs, old_log_probs } = inputs;
  const spread = (values: readonly number[]) => mask.map((row, i) => row.map(() => values[i]!));
  const external = spread(inputs.is_off_policy);
  const batch = batchOf(mask, { logProb: log_probs, oldLogProb: old_log_probs, external });
  const settings = { clipOnPolicy: use_clip, clipLow: clip_eps, clipHigh: clip_eps, gamma };
  let own = 0;
  const result = evaluateFormula(batch, flatten(spread(inputs.advantages_per_sequence)), (context) => {
    const loss = refinedPolicyLoss(context, settings);
    const isOwn = Uint8Array.from(context.column('external').data, (value) => (value === 0 ? 1 : 0));
    own = meanWhere(loss.data, isOwn);
    const aggregation = reduction === 'token-mean' ? 'token-mean' : 'seq-mean-token-sum-norm';
    return aggregate(context.tape, loss, context.totals, { aggregation, lengthNorm: mask[0]?.length ?? 1 });
  });
  return {
    loss: result.loss,
    off_loss_token_mean: result.metrics['externalLoss'],
    on_loss_token_mean: own,
    off_ratio_mean: result.metrics['externalRatioMean'],
    grad: result.gradient('logProb'),
  };
}

export const rgrGrpo: SlugAdapters = {
  rubric_reward: ({ satisfied, ...rubric }: RubricInputs & { satisfied: readonly number[] }) =>
    rubricReward(flags(satisfied), rubricOf(rubric)),
  exploration_assessment: ({ satisfied, ...rubric }: RubricInputs & { satisfied: Matrix }) => {
    const found = assessExploration(satisfied.map(flags), rubricOf(rubric));
    return {
      rewards: found.rewards,
      best_index: found.best,
      failed_criteria: found.failedCriteria,
      needs_refinement: found.needsRefinement,
    };
  },
  group_advantage: (
    { rewards }: { rewards: readonly number[] },
    { eps, divide_by_std, ...deviation }: DeviationParams & { eps: number; divide_by_std: boolean },
  ) => ({
    advantages: groupAdvantage(Float64Array.from(rewards), new Int32Array(rewards.length), {
      advantageScale: divide_by_std ? 'group' : 'none',
      advantageEpsilon: eps,
      advantageStd: deviationOf(deviation),
    }),
  }),
  mix_policy_loss: mixPolicyLoss,
};
