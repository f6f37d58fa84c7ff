import { pairwiseOutcomes } from '../methods/writing-zero.js';
import { firstPositionRate, marginReward, preferenceReward } from '../shaping/pairwise-judge.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { Aggregation } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';
import { surrogateCase } from './surrogate.js';

interface Scores {
  readonly score_chosen: number;
  readonly score_rejected: number;
}

interface LossInputs {
  readonly log_probs: Matrix;
  readonly old_log_probs: Matrix;
  /** One a response. */
  readonly advantages: readonly number[];
  readonly mask: Matrix;
}

interface LossParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly reduction: Aggregation;
}

export const writingZero: SlugAdapters = {
  brpo_advantages: (
    { votes, reference_index }: { votes: readonly (readonly (number | null)[])[]; reference_index: number },
    { tau, rule, inconsistent }: { tau: number; rule: 'majority' | 'unanimous'; inconsistent: number },
  ) => {
    const own = votes.map((list) => list.map((vote) => (vote === null ? null : vote !== 0)));
    const found = pairwiseOutcomes(own, reference_index, { rule, inconsistent, skewLimit: tau });
    return { raw: found.outcomes, skew: found.skew, keep: found.isKept, advantages: found.advantages };
  },
  brpo_loss: ({ log_probs, old_log_probs, advantages, mask }: LossInputs, params: LossParams) => {
    const byToken = mask.map((row, i) => row.map(() => advantages[i]!));
    const inputs = { logp: log_probs, old_logp: old_log_probs, advantages: byToken, mask };
    const { loss, grad_logp } = surrogateCase(inputs, { agg: params.reduction }, (context) =>
      clippedLoss(context, tokenRatio(context), { clipLow: params.clip_low, clipHigh: params.clip_high }),
    );
    return { loss, grad: grad_logp };
  },
  genrm_score_reward: ({ score_chosen, score_rejected, format_ok }: Scores & { format_ok: boolean }) => ({
    reward: preferenceReward({ chosen: score_chosen, rejected: score_rejected }, format_ok),
  }),
  genrm_margin_reward: (
    { score_chosen, score_rejected }: Scores,
    { margin, weight }: { margin: number; weight: number },
  ) => ({ reward: marginReward({ chosen: score_chosen, rejected: score_rejected }, margin, weight) }),
  first_position_rate: ({ prefers_first }: { prefers_first: readonly number[] }) =>
    firstPositionRate(prefers_first.map((flag) => flag !== 0)),
};
