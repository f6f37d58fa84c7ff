import { groupAdvantage, standardised } from '../advantages/group.js';
import { leaveOneOut } from '../advantages/leave-one-out.js';
import { processAdvantages } from '../advantages/process.js';
import { tokenReturns } from '../advantages/returns.js';
import { tokenRewards } from '../advantages/token-rewards.js';
import { pointwiseRm } from '../methods/pointwise-rm.js';
import type { Aggregation } from '../terms/aggregate.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import type { SlugAdapters } from './adapter.js';
import { grouped } from './group-advantages.js';
import { logitGradient, logSoftmax } from './logits.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, rowsOf, type Matrix } from './padded.js';
import { scorePairs } from './pairs.js';
import { surrogateCase } from './surrogate.js';

/** Losses and advantages of cards about judges and reward models, whose rewards are functions of packages/verify. */

/** A scalar head over plain scores: loss and one gradient a score. Rows that do not count are unscored. */
function headCase(
  logits: readonly number[],
  grades: readonly number[],
  error: 'cross-entropy' | 'squared',
  mask: readonly number[] = grades.map(() => 1),
) {
  const column = logits.map((logit) => [logit]);
  const rewards = grades.map((grade, i) => (mask[i] === 0 ? NaN : grade));
  const batch = batchOf(
    logits.map(() => [1]),
    { values: column },
    { rewards },
  );
  const { loss, gradients } = pointwiseRm
    .create('pointwise-rm', { error })
    .loss(batch, new Float64Array(batch.mask.length));
  return { loss, grad: Array.from(gradients.values!) };
}

export const spct: SlugAdapters = {
  meta_rm_bce: ({ logits, labels }: { logits: readonly number[]; labels: readonly number[] }) =>
    headCase(logits, labels, 'cross-entropy'),
};

interface MetaInputs {
  readonly logits: readonly number[];
  readonly targets: readonly number[];
  readonly mask: readonly number[];
}

export const rmNlhf: SlugAdapters = {
  group_advantage: grouped,
  metarm_bce: ({ logits, targets, mask }: MetaInputs) => headCase(logits, targets, 'cross-entropy', mask),
  metarm_mse: ({ logits, targets, mask }: MetaInputs) => headCase(logits, targets, 'squared', mask),
};

interface EntailmentInputs {
  readonly logit_yes: readonly number[];
  readonly logit_no: readonly number[];
  readonly label: readonly number[];
}

export const rlbff: SlugAdapters = {
  entailment_loss: ({ logit_yes, logit_no, label }: EntailmentInputs) => {
    const { loss, grad } = headCase(
      logit_yes.map((yes, i) => yes - logit_no[i]!),
      label,
      'cross-entropy',
    );
    return { loss, grad_yes: grad, grad_no: grad.map((value) => -value) };
  },
  answer_token_ce: ({ logits, target }: { logits: Matrix; target: readonly number[] }) => {
    const share = 1 / Math.max(target.length, 1);
    return {
      loss: logits.reduce((sum, row, i) => sum - share * logSoftmax(row)[target[i]!]!, 0),
      grad: logits.map((row, i) => logitGradient(row, [target[i]!], [-share])),
    };
  },
  bradley_terry_loss: ({ chosen, rejected }: { chosen: readonly number[]; rejected: readonly number[] }) => {
    const found = scorePairs(chosen, rejected);
    return { loss: found.loss, grad_chosen: found.chosen, grad_rejected: found.rejected };
  },
};

interface SentenceInputs {
  readonly sentence_rewards: Matrix;
  readonly sentence_token_counts: Matrix;
}

export const trm: SlugAdapters = {
  sentence_level_advantage: (
    { sentence_rewards, sentence_token_counts }: SentenceInputs,
    { eps: epsilon, ...deviation }: DeviationParams & { eps: number },
  ) => {
    const bySentence = processAdvantages(sentence_rewards, { epsilon, deviation: deviationOf(deviation) });
    return {
      token_advantages: bySentence.map((row, i) =>
        row.flatMap((value, k) => new Array<number>(sentence_token_counts[i]![k]!).fill(value)),
      ),
    };
  },
};

interface ReinforceInputs {
  readonly log_probs: Matrix;
  readonly ref_log_probs: Matrix;
  readonly rewards: readonly number[];
  readonly mask: Matrix;
}

const aggregations: Readonly<Record<string, Aggregation>> = {
  'token-mean': 'token-mean',
  'sequence-mean': 'seq-mean-token-mean',
  'sequence-sum': 'seq-mean-token-sum',
};

export const crossDomainRm: SlugAdapters = {
  normalise_rewards: ({ rewards }: { rewards: readonly number[] }, params: DeviationParams) => ({
    out: standardised(Float64Array.from(rewards), new Int32Array(rewards.length), deviationOf(params)),
  }),
  rloo_advantage: ({ rewards }: { rewards: readonly number[] }) => ({
    out: leaveOneOut(Float64Array.from(rewards), new Int32Array(rewards.length)),
  }),
  reinforce_loss: (inputs: ReinforceInputs, { kl_coef, reduction }: { kl_coef: number; reduction: string }) => {
    const { log_probs, ref_log_probs, mask, rewards } = inputs;
    const batch = batchOf(mask, { oldLogProb: log_probs, refLogProb: ref_log_probs }, { rewards });
    const settings = { rewardSource: 'outcome', rewardKlCoef: kl_coef } as const;
    const returns = rowsOf(batch, tokenReturns(batch, tokenRewards(batch, settings), 1));
    const { loss, grad_logp } = surrogateCase(
      { logp: log_probs, old_logp: log_probs, advantages: returns, mask },
      { agg: aggregations[reduction]! },
      scoreFunctionLoss,
    );
    return { returns, loss, grad: grad_logp };
  },
};

/** The group's advantage of plain rewards that all belong to one prompt. */
export function oneGroup(rewards: readonly number[], epsilon: number, params: DeviationParams = {}): Float64Array {
  return groupAdvantage(Float64Array.from(rewards), new Int32Array(rewards.length), {
    advantageScale: 'group',
    advantageEpsilon: epsilon,
    advantageStd: deviationOf(params),
  });
}
