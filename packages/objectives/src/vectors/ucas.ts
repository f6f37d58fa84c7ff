import { confidenceShaped, logitPenalised, selfCertainty } from '../methods/ucas.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, flatten, rowsOf, type Labels, type Matrix } from './padded.js';

interface Inputs {
  readonly rewards: readonly number[];
  readonly groups: Labels;
  readonly certainty: Matrix;
  readonly raw_logit: Matrix;
  readonly mask: Matrix;
}

interface Params extends DeviationParams {
  readonly beta_pos: number;
  readonly beta_neg: number;
  readonly token_coef: number;
  readonly eps: number;
  readonly norm_by_std: boolean;
  readonly certainty_reduce: 'sum' | 'mean';
}

export const ucas: SlugAdapters = {
  self_certainty: ({ logits }: { logits: Matrix }) => {
    const rows = logits.map(selfCertainty);
    return { certainty: rows.map((row) => row.certainty), kl_uniform: rows.map((row) => row.klUniform) };
  },
  ucas_advantage: ({ rewards, groups, certainty, raw_logit, mask }: Inputs, params: Params) => {
    const batch = batchOf(mask, {}, { rewards, groups });
    const settings = {
      advantageScale: params.norm_by_std ? 'group' : 'none',
      advantageEpsilon: params.eps,
      advantageStd: deviationOf(params),
      betaPositive: params.beta_pos,
      betaNegative: params.beta_neg,
      tokenCoef: params.token_coef,
      confidence: params.certainty_reduce,
    } as const;
    const shaped = confidenceShaped(batch, flatten(certainty), settings);
    return { advantages: rowsOf(batch, logitPenalised(batch, shaped, flatten(raw_logit), settings)) };
  },
};
