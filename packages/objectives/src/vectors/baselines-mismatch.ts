import { ratioBounds, rejectionMask, type RejectionRule } from '../filters/rejection.js';
import { samplerWeights } from '../terms/sampler-correction.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, rowsOf, type Matrix } from './padded.js';

interface Mismatch {
  readonly train_logp: Matrix;
  readonly rollout_logp: Matrix;
  readonly mask: Matrix;
}

function mismatchBatch({ train_logp, rollout_logp, mask }: Mismatch) {
  return batchOf(mask, { logProb: train_logp, oldLogProb: train_logp, samplerLogProb: rollout_logp });
}

/** verl's pair of comma-separated lists: `token_k1,seq_max_k3` with `0.8_1.25,0.05`. */
function rejectionRules(option: string, threshold: string | number): RejectionRule[] {
  const bounds = String(threshold).split(',');
  return option.split(',').map((name, i) => {
    const at = name.lastIndexOf('_');
    const level = name.slice(0, at).trim() as RejectionRule['level'];
    const estimator = name.slice(at + 1).trim() as RejectionRule['estimator'];
    const [first = NaN, second] = (bounds[i] ?? bounds[0] ?? '').split('_').map(Number);
    if (estimator !== 'k1') return { level, estimator, upper: first };
    return second === undefined ? ratioBounds(level, 1 / first, first) : ratioBounds(level, first, second);
  });
}

export const baselineMismatch: SlugAdapters = {
  rollout_is_weights: (
    inputs: Mismatch,
    params: { level: 'token' | 'sequence'; threshold: number; batch_normalize: boolean },
  ) => {
    const batch = mismatchBatch(inputs);
    let weights: number[][] = [];
    evaluateFormula(batch, new Float64Array(batch.mask.length), (context) => {
      const value = samplerWeights(context, {
        samplerCorrection: `${params.level}-truncate`,
        samplerThreshold: params.threshold,
        samplerNormalize: params.batch_normalize,
      });
      weights = rowsOf(batch, context.tape.scatter(value.data));
      return value.sum(context.tape.batch);
    });
    return { weights };
  },
  rollout_rejection_mask: (inputs: Mismatch, params: { option: string; threshold: string | number }) => {
    const batch = mismatchBatch(inputs);
    return { mask: rowsOf(batch, rejectionMask(batch, rejectionRules(params.option, params.threshold))) };
  },
};
