import { rankByHistory } from '../methods/one-shot-rlvr.js';
import { aggregate } from '../terms/aggregate.js';
import { clippedLoss } from '../terms/clip.js';
import { klPenalty } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { outcomeAdvantage } from './group-advantages.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, evaluateFormula, flatten, type Matrix } from './padded.js';

interface LossInputs {
  /** [B][T][V] */
  readonly logits: readonly Matrix[];
  readonly tokens: Matrix;
  readonly old_logprobs: Matrix;
  readonly ref_logprobs: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
}

interface LossParams {
  readonly clip: number;
  readonly pg_coef: number;
  readonly entropy_coef: number;
  readonly kl_coef: number;
  readonly temperature: number;
}

/** One position under a temperature: log-probs of the vocabulary and entropy. */
function position(logits: readonly number[], temperature: number) {
  const scaled = logits.map((logit) => logit / temperature);
  const most = Math.max(...scaled);
  const norm = most + Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
  const logProbs = scaled.map((logit) => logit - norm);
  return { logProbs, entropy: -logProbs.reduce((sum, logProb) => sum + Math.exp(logProb) * logProb, 0) };
}

function lossCase(inputs: LossInputs, params: LossParams) {
  const at = inputs.logits.map((rows) => rows.map((logits) => position(logits, params.temperature)));
  const logProb = at.map((rows, i) => rows.map(({ logProbs }, t) => logProbs[inputs.tokens[i]![t]!]!));
  const entropy = at.map((rows) => rows.map((row) => row.entropy));
  const columns = { logProb, entropy, oldLogProb: inputs.old_logprobs, refLogProb: inputs.ref_logprobs };
  const parts = { pg_loss: 0, entropy: 0, kl_loss: 0 };
  const result = evaluateFormula(batchOf(inputs.mask, columns), flatten(inputs.advantages), (context) => {
    const { tape, totals } = context;
    const mean = { aggregation: 'token-mean', lengthNorm: null } as const;
    const range = { clipLow: params.clip, clipHigh: params.clip };
    const policy = aggregate(tape, clippedLoss(context, tokenRatio(context), range), totals, mean);
    const bonus = aggregate(tape, tape.input('entropy'), totals, mean);
    const kl = aggregate(tape, klPenalty(context.logProb, context.column('refLogProb'), 'k3'), totals, mean);
    Object.assign(parts, { pg_loss: policy.scalar, entropy: bonus.scalar, kl_loss: kl.scalar });
    return policy.mul(params.pg_coef).sub(bonus.mul(params.entropy_coef)).add(kl.mul(params.kl_coef));
  });
  const byLogProb = result.gradient('logProb');
  const byEntropy = result.gradient('entropy');
  // Both gradients through the softmax: d log p_a / d z_k = ([k = a] - p_k) / T, d H / d z_k = -p_k (log p_k + H) / T.
  const byLogits = at.map((rows, i) =>
    rows.map(({ logProbs, entropy: own }, t) =>
      logProbs.map((value, k) => {
        const p = Math.exp(value);
        const chosen = inputs.tokens[i]![t] === k ? 1 : 0;
        return (byLogProb[i]![t]! * (chosen - p) - byEntropy[i]![t]! * p * (value + own)) / params.temperature;
      }),
    ),
  );
  return {
    loss: result.loss,
    ...parts,
    clipfrac: result.metrics['clipFraction'],
    logprobs: logProb,
    grad_logprobs_pg_and_kl: byLogProb,
    grad_logits: byLogits,
  };
}

export const oneShotRlvr: SlugAdapters = {
  historical_variance_rank: (
    { history }: { history: Readonly<Record<string, readonly number[]>> },
    params: DeviationParams,
  ) => {
    const names = Object.keys(history);
    const { variance, order } = rankByHistory(Object.values(history), deviationOf(params));
    return {
      std: Object.fromEntries(names.map((name, i) => [name, Math.sqrt(variance[i]!)])),
      variance: Object.fromEntries(names.map((name, i) => [name, variance[i]])),
      order: order.map((i) => names[i]),
    };
  },
  grpo_entropy_loss: lossCase,
  grpo_outcome_advantage: outcomeAdvantage,
};
