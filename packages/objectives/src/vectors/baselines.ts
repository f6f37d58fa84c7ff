import { groupAdvantage } from '../advantages/group.js';
import { overlongPenalty } from '../advantages/overlong.js';
import { groupsWithSignal } from '../filters/dynamic-sampling.js';
import type { LossContext } from '../define.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import { clippedSurrogate } from '../terms/clip.js';
import { klPenalty, type KlKind } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';
import type { Value } from '../tape/value.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, flatten, groupNumbers, type Labels, type Matrix } from './padded.js';

interface Grouped {
  readonly rewards: readonly number[];
  readonly groups: Labels;
}

interface Surrogate {
  readonly logp: Matrix;
  readonly old_logp: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
}

interface Agg {
  readonly agg: Aggregation;
  readonly seq_norm?: number;
}

/** Value, gradient and the reported metrics of a per-token loss. */
function surrogate(inputs: Surrogate, { agg, seq_norm }: Agg, loss: (context: LossContext) => Value) {
  const batch = batchOf(inputs.mask, { logProb: inputs.logp, oldLogProb: inputs.old_logp });
  const result = evaluateFormula(batch, flatten(inputs.advantages), (context) =>
    aggregate(context.tape, loss(context), context.totals, { aggregation: agg, lengthNorm: seq_norm ?? null }),
  );
  return {
    loss: result.loss,
    grad_logp: result.gradient('logProb'),
    clip_frac: result.metrics['clipFraction'],
    clip_frac_lower: result.metrics['clipFractionLower'],
    ppo_kl: result.metrics['approxKl'],
  };
}

interface PpoParams extends Agg {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip_c: number;
}

export const baselines: SlugAdapters = {
  grpo_advantage: ({ rewards, groups }: Grouped, { norm_by_std, eps }: { norm_by_std: boolean; eps: number }) => ({
    advantage: groupAdvantage(Float64Array.from(rewards), groupNumbers(groups), {
      advantageScale: norm_by_std ? 'group' : 'none',
      advantageEpsilon: eps,
    }),
  }),
  ppo_clip_loss: (inputs: Surrogate & { rollout_is_weights?: Matrix }, params: PpoParams) =>
    surrogate(inputs, params, (context) => {
      const { clip_low: clipLow, clip_high: clipHigh, dual_clip_c: dualClip } = params;
      const loss = clippedSurrogate(context, tokenRatio(context), { clipLow, clipHigh, dualClip });
      const weights = inputs.rollout_is_weights;
      return weights === undefined ? loss : loss.mul(context.tape.tokenConstant(flatten(weights)));
    }),
  kl_penalty: ({ logp, ref_logp }: { logp: Matrix; ref_logp: Matrix }, { kind }: { kind: KlKind }) => {
    const mask = logp.map((row) => row.map(() => 1));
    const batch = batchOf(mask, { logProb: logp, refLogProb: ref_logp });
    let value: Float64Array = new Float64Array();
    const result = evaluateFormula(batch, new Float64Array(batch.mask.length), (context) => {
      const kl = klPenalty(context.logProb, context.column('refLogProb'), kind);
      value = kl.data;
      return kl.sum(context.tape.batch);
    });
    const width = logp[0]?.length ?? 0;
    return {
      value: mask.map((_, i) => value.slice(i * width, (i + 1) * width)),
      grad_logp: result.gradient('logProb'),
    };
  },
  overlong_penalty: (
    { lengths }: { lengths: readonly number[] },
    { max_len, buffer, factor }: { max_len: number; buffer: number; factor: number },
  ) => ({ penalty: overlongPenalty(lengths, max_len, buffer, factor) }),
  dynamic_sampling_keep: ({ rewards, groups }: Grouped) => {
    const keep = groupsWithSignal(Float64Array.from(rewards), groupNumbers(groups));
    return { keep: Object.fromEntries(groups.map((name, i) => [name, keep[i] === 1])) };
  },
};
