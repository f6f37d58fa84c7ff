import {
  answerAdvantages,
  budgetRelative,
  cutOfVerdict,
  truncationPlan,
  type BudgetBaseline,
} from '../advantages/budget-relative.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { logProbCase, type LogProbInputs } from './clip-loss.js';
import type { Matrix } from './padded.js';

interface ThoughtInputs {
  /** [G][S A] Verdicts by rising budget. */
  readonly summary_scores: Matrix;
  readonly cot_lens: readonly number[];
  readonly think_ended: readonly boolean[];
  readonly split_points: readonly number[];
}

interface CreditParams {
  readonly budget_probs: readonly number[];
  readonly answers_per_budget: number;
  readonly variance_reduction: 'brpo' | 'v1only' | 'v2only' | 'none';
  readonly summary_method?: string;
  readonly decay: number;
}

const baselines: Readonly<Record<CreditParams['variance_reduction'], BudgetBaseline>> = {
  brpo: 'brpo',
  v1only: 'earlier',
  v2only: 'group',
  none: 'none',
};

function creditCase(inputs: ThoughtInputs, params: CreditParams) {
  const { summary_scores: verdicts, cot_lens, think_ended, split_points } = inputs;
  const { answers_per_budget: answers, budget_probs: prior } = params;
  const plans = cot_lens.map((length, g) => truncationPlan(length, think_ended[g]!, split_points));
  const cuts = plans.map((plan) => cutOfVerdict(plan, answers));
  const means = verdicts.map((row) =>
    prior.map((_, s) => row.slice(s * answers, (s + 1) * answers).reduce((sum, verdict) => sum + verdict, 0) / answers),
  );
  const credit = budgetRelative(means, prior, baselines[params.variance_reduction], params.decay);
  return {
    split_ids: cuts,
    truncation_plan: plans.map((plan) =>
      plan.map((cut) => ({
        valid_len: cut.length,
        multiplicity: cut.multiplicity,
        insert_think_end: cut.insertThinkEnd,
      })),
    ),
    segments: plans.map((plan) => plan.map(({ length }, s) => [plan[s - 1]?.length ?? 0, length])),
    cot_advantage: credit.advantages,
    summary_advantage: answerAdvantages(verdicts, cuts, answers, params.summary_method === 'grpo'),
    returns: credit.returns,
    v1: credit.earlier,
    v2: credit.returns.map(() => credit.group),
  };
}

export const anytimeReasoner: SlugAdapters = {
  brpoAdvantages: creditCase,
  anytimeLoss: (inputs: Omit<LogProbInputs, 'mask'> & { trainable_mask: Matrix }, { clip }: { clip: number }) =>
    logProbCase({ ...inputs, mask: inputs.trainable_mask }, 'constant', (context) =>
      clippedLoss(context, tokenRatio(context), { clipLow: clip, clipHigh: clip }),
    ),
};
