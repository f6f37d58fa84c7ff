import { entropyWeights, hybridLoss } from '../methods/dhpo.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, rowsOf, type Matrix } from './padded.js';
import { surrogateCase, type AggregationParams, type SurrogateInputs } from './surrogate.js';

interface WeightParams {
  readonly mode?: 'entropy' | 'average';
  readonly scope: 'response' | 'batch';
  readonly alpha?: number | null;
  readonly eps?: number;
}

interface LossParams extends AggregationParams, WeightParams {
  readonly mixing: 'entropy' | 'average';
  readonly combine: 'ratio_mix' | 'branch_min';
  readonly tok_clip: readonly [number, number];
  readonly seq_clip: readonly [number, number];
}

function weightsOf(entropy: Matrix, mask: Matrix, mode: 'entropy' | 'average', params: WeightParams): number[][] {
  const batch = batchOf(mask, { oldEntropy: entropy });
  const { alpha, scope, eps } = params;
  return rowsOf(
    batch,
    mode === 'entropy' ? entropyWeights(batch, scope, eps) : Float64Array.from(batch.mask, (flag) => flag * alpha!),
  );
}

export const dhpo: SlugAdapters = {
  dhpo_weights: ({ entropy, mask }: { entropy: Matrix; mask: Matrix }, params: WeightParams) => ({
    alpha: weightsOf(entropy, mask, params.mode ?? 'entropy', params),
  }),
  dhpo_loss: (inputs: SurrogateInputs & { entropy: Matrix }, params: LossParams) => {
    const weights = weightsOf(inputs.entropy, inputs.mask, params.mixing, params).flat();
    return surrogateCase(inputs, params, (context) =>
      hybridLoss(context, context.tape.tokenConstant(weights), {
        combine: params.combine === 'ratio_mix' ? 'ratio-mix' : 'branch-min',
        tokenClipLow: params.tok_clip[0],
        tokenClipHigh: params.tok_clip[1],
        sequenceClipLow: params.seq_clip[0],
        sequenceClipHigh: params.seq_clip[1],
      }),
    );
  },
};
