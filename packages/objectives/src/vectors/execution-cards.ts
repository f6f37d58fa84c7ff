import { groupAdvantage } from '../advantages/group.js';
import type { Aggregation } from '../terms/aggregate.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { consecutiveGroups, groupNumbers, type Labels, type Matrix } from './padded.js';
import { surrogateCase } from './surrogate.js';

/** Advantages and losses of cards whose rewards come from running what a model wrote (packages/verify). */

interface DapoInputs {
  readonly logprobs: Matrix;
  readonly oldLogprobs: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
}

interface DapoParams {
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly aggregation: Aggregation;
}

export const codevR1: SlugAdapters = {
  groupAdvantage: (
    { scores, groupIds }: { scores: readonly number[]; groupIds: Labels },
    { epsilon }: { epsilon: number },
  ) => ({
    advantages: groupAdvantage(Float64Array.from(scores), groupNumbers(groupIds), {
      advantageScale: 'group',
      advantageEpsilon: epsilon,
    }),
  }),
  dapoPolicyLoss: ({ logprobs, oldLogprobs, advantages, mask }: DapoInputs, { aggregation, ...range }: DapoParams) => {
    const inputs = { logp: logprobs, old_logp: oldLogprobs, advantages, mask };
    const found = surrogateCase(inputs, { agg: aggregation }, (context) =>
      clippedLoss(context, tokenRatio(context), range),
    );
    return { loss: found.loss, clipFraction: found.clip_frac, approxKl: found.ppo_kl, gradLogprobs: found.grad_logp };
  },
};

interface SgpInputs {
  readonly logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly mask: Matrix;
  readonly rewards: readonly number[];
}

interface SgpParams extends DeviationParams {
  readonly type: 'grpo' | 'drgrpo';
  readonly group_size: number;
  readonly clip_low: number;
  readonly clip_high: number;
  readonly max_len: number;
  readonly std_eps: number;
}

export const sgp: SlugAdapters = {
  sgp_loss: ({ logprobs, old_logprobs, mask, rewards }: SgpInputs, params: SgpParams) => {
    const { type, group_size, clip_low, clip_high, max_len, std_eps, ...deviation } = params;
    const groups = Int32Array.from(consecutiveGroups(rewards.length, group_size));
    const perRollout = groupAdvantage(Float64Array.from(rewards), groups, {
      advantageScale: type === 'grpo' ? 'group' : 'none',
      advantageEpsilon: std_eps,
      advantageStd: deviationOf(deviation),
    });
    const advantages = mask.map((row, i) => row.map(() => perRollout[i]!));
    const aggregation = type === 'grpo' ? 'seq-mean-token-mean' : 'constant';
    const inputs = { logp: logprobs, old_logp: old_logprobs, advantages, mask };
    const found = surrogateCase(inputs, { agg: aggregation, seq_norm: max_len }, (context) =>
      clippedLoss(context, tokenRatio(context), { clipLow: clip_low, clipHigh: clip_high }),
    );
    return { advantages: perRollout, loss: found.loss, grad: found.grad_logp };
  },
};
