import { sequenceMeans } from '../terms/aggregate.js';
import { cappedWeightLoss } from '../terms/capped-weight.js';
import { clippedLoss, clippedSurrogate, type ClipSettings } from '../terms/clip.js';
import { covClipped, covPenalised } from '../terms/covariance.js';
import { klPenalty, type KlKind } from '../terms/kl.js';
import { sequenceRatioByToken, tokenRatio } from '../terms/ratio.js';
import { scoreFunctionLoss } from '../terms/score-function.js';
import { valueLoss } from '../terms/value-loss.js';
import type { Value } from '../tape/value.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, flatten, rowsOf, type Matrix } from './padded.js';
import { surrogateCase, type AggregationParams, type SurrogateInputs } from './surrogate.js';

interface ClipParams extends AggregationParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip_c?: number | null;
}

function clipOf({ clip_low, clip_high, dual_clip_c }: ClipParams): ClipSettings {
  return { clipLow: clip_low, clipHigh: clip_high, dualClip: dual_clip_c ?? null };
}

interface CovParams extends ClipParams {
  readonly clip_cov_ratio: number;
  readonly clip_cov_lb: number;
  readonly clip_cov_ub: number;
}

interface TrlParams {
  readonly loss_type: 'grpo' | 'bnpo' | 'dr_grpo' | 'dapo' | 'cispo';
  readonly beta: number;
  readonly epsilon_low: number;
  readonly epsilon_high: number;
  readonly importance_sampling_level: 'token' | 'sequence';
  readonly max_completion_length: number;
  readonly delta: number | null;
}

const trlAggregation = {
  grpo: 'seq-mean-token-mean',
  bnpo: 'token-mean',
  dr_grpo: 'constant',
  dapo: 'token-mean',
  cispo: 'token-mean',
} as const;

/** TRL's loss from the same terms: its own cap (`delta`), its CISPO bound from above only, its unbounded k3. */
function trlLoss(inputs: SurrogateInputs & { ref_logp: Matrix }, params: TrlParams) {
  const { epsilon_low: clipLow, epsilon_high: clipHigh, delta: ratioCap, beta } = params;
  const agg = trlAggregation[params.loss_type];
  return surrogateCase(inputs, { agg, seq_norm: params.max_completion_length }, (context) => {
    const log = context.logProb.sub(context.column('oldLogProb'));
    const bySequence = params.importance_sampling_level === 'sequence';
    const ratio = (bySequence ? sequenceMeans(context.tape, log).to(context.tape.token) : log).exp();
    const policy: Value =
      params.loss_type === 'cispo'
        ? cappedWeightLoss(context, ratio, { clipLow: Infinity, clipHigh: clipHigh - 1 })
        : clippedLoss(context, ratio, { clipLow, clipHigh, ratioCap });
    if (beta === 0) return policy;
    const reference = context.tape.tokenConstant(flatten(inputs.ref_logp));
    return policy.add(klPenalty(context.logProb, reference, 'k3-unbounded').mul(beta));
  });
}

function klCase({ logp, ref_logp }: { logp: Matrix; ref_logp: Matrix }, { kind }: { kind: KlKind }) {
  const batch = batchOf(
    logp.map((row) => row.map(() => 1)),
    { logProb: logp, refLogProb: ref_logp },
  );
  let value: Float64Array = new Float64Array();
  const result = evaluateFormula(batch, new Float64Array(batch.mask.length), (context) => {
    const kl = klPenalty(context.logProb, context.column('refLogProb'), kind);
    value = kl.data;
    return kl.sum(context.tape.batch);
  });
  return { value: rowsOf(batch, value), grad_logp: result.gradient('logProb') };
}

interface ValueInputs {
  readonly values: Matrix;
  readonly old_values: Matrix;
  readonly returns: Matrix;
  readonly mask: Matrix;
}

function valueCase(
  { values, old_values, returns, mask }: ValueInputs,
  { clip, agg }: { clip: number } & AggregationParams,
) {
  const batch = batchOf(mask, { values, oldValues: old_values, returns });
  const result = evaluateFormula(batch, new Float64Array(batch.mask.length), (context) =>
    valueLoss(context, clip, { aggregation: agg, lengthNorm: null }),
  );
  return {
    loss: result.loss,
    clip_frac: result.metrics['valueClipFraction'],
    grad_values: result.gradient('values'),
  };
}

export const baselineLosses: SlugAdapters = {
  ppo_clip_loss: (inputs: SurrogateInputs & { rollout_is_weights?: Matrix }, params: ClipParams) =>
    surrogateCase(inputs, params, (context) => {
      const loss = clippedSurrogate(context, tokenRatio(context), clipOf(params));
      const weights = inputs.rollout_is_weights;
      return weights === undefined ? loss : loss.mul(context.tape.tokenConstant(flatten(weights)));
    }),
  gspo_loss: (inputs: SurrogateInputs, params: ClipParams) =>
    surrogateCase(inputs, params, (context) => clippedLoss(context, sequenceRatioByToken(context), clipOf(params))),
  cispo_loss: (inputs: SurrogateInputs, params: ClipParams) =>
    surrogateCase(inputs, params, (context) => cappedWeightLoss(context, tokenRatio(context), clipOf(params))),
  gpg_loss: (inputs: SurrogateInputs, params: AggregationParams) => surrogateCase(inputs, params, scoreFunctionLoss),
  reinforce_loss: (inputs: SurrogateInputs, params: AggregationParams) =>
    surrogateCase(inputs, params, scoreFunctionLoss),
  kl_cov_loss: (inputs: SurrogateInputs, params: AggregationParams & { kl_cov_ratio: number; ppo_kl_coef: number }) =>
    surrogateCase(inputs, params, (context) =>
      covPenalised(context, { covFraction: params.kl_cov_ratio, covKlCoef: params.ppo_kl_coef }),
    ),
  clip_cov_loss: (inputs: SurrogateInputs, params: CovParams) => {
    const result = surrogateCase(inputs, params, (context) => {
      const { clip_cov_ratio: covFraction, clip_cov_lb: covLower, clip_cov_ub: covUpper } = params;
      return covClipped(context, tokenRatio(context), { ...clipOf(params), covFraction, covLower, covUpper, seed: 0 });
    });
    // verl reports the share of tokens that lost their loss under this name.
    return { ...result, clip_frac: result.selected_frac };
  },
  kl_penalty: klCase,
  value_loss: valueCase,
  trl_grpo_loss: trlLoss,
};
