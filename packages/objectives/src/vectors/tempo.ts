import { prefixValues } from '../advantages/prefix-values.js';
import { treeAdvantage } from '../methods/tempo.js';
import { clippedSurrogate } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, flatten, rowsOf, type Labels, type Matrix } from './padded.js';
import { surrogateCase, type AggregationParams } from './surrogate.js';

interface TreeInputs {
  readonly rewards: readonly number[];
  readonly responses: Matrix;
  readonly mask: Matrix;
  readonly group: Labels;
}

interface LossInputs {
  readonly advantages: Matrix;
  readonly logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly mask: Matrix;
}

interface LossParams extends AggregationParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip_c: number;
}

export const tempo: SlugAdapters = {
  tempoAdvantage: (
    { rewards, responses, mask, group }: TreeInputs,
    { norm_by_std, eps }: { norm_by_std: boolean; eps: number },
  ) => {
    const batch = { ...batchOf(mask, {}, { rewards, groups: group }), tokenIds: Int32Array.from(flatten(responses)) };
    const values = prefixValues(batch);
    const settings = { advantageScale: norm_by_std ? 'group' : 'none', advantageEpsilon: eps } as const;
    const after = rowsOf(batch, values.after);
    return {
      advantages: rowsOf(batch, treeAdvantage(batch, values, settings)),
      // A value in front of every token and one behind the last.
      prefix_values: rowsOf(batch, values.before).map((row, i) => {
        const length = mask[i]!.lastIndexOf(1) + 1;
        return [...row, 0].map((value, t) => (t === length && length > 0 ? after[i]![length - 1]! : value));
      }),
    };
  },
  tempoLoss: (
    { advantages, logprobs, old_logprobs, mask }: LossInputs,
    { clip_low, clip_high, dual_clip_c, ...reduce }: LossParams,
  ) => {
    const inputs = { logp: logprobs, old_logp: old_logprobs, advantages, mask };
    const clip = { clipLow: clip_low, clipHigh: clip_high, dualClip: dual_clip_c };
    const result = surrogateCase(inputs, reduce, (context) => clippedSurrogate(context, tokenRatio(context), clip));
    return { ...result, grad_logprobs: result.grad_logp };
  },
};
