import { groupAdvantage } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { raifLoss } from '../methods/raif.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, consecutiveGroups, evaluateFormula, type Matrix } from './padded.js';

interface LossInputs {
  readonly logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly ref_logprobs: Matrix;
  readonly mask: Matrix;
  readonly rewards: readonly number[];
  readonly keep: readonly number[];
}

interface LossParams extends DeviationParams {
  readonly group_size: number;
  readonly clip: number;
  readonly kl_coef: number;
  readonly std_eps: number;
}

export const raif: SlugAdapters = {
  raif_loss: (inputs: LossInputs, { group_size, clip, kl_coef, std_eps, ...deviation }: LossParams) => {
    const columns = { logProb: inputs.logprobs, oldLogProb: inputs.old_logprobs, refLogProb: inputs.ref_logprobs };
    const groups = consecutiveGroups(inputs.rewards.length, group_size);
    const batch = batchOf(inputs.mask, columns, { rewards: inputs.rewards, groups });
    const advantages = groupAdvantage(batch.rewards, batch.group, {
      advantageScale: 'group',
      advantageEpsilon: std_eps,
      advantageStd: deviationOf(deviation),
    });
    const parts = { policy_loss: 0, kl_loss: 0 };
    const result = evaluateFormula(batch, broadcast(batch, advantages), (context) => {
      const range = { clipLow: clip, clipHigh: clip, klCoef: kl_coef };
      const { policy, divergence, total } = raifLoss(context, inputs.keep, range);
      Object.assign(parts, { policy_loss: policy.scalar, kl_loss: divergence.scalar });
      return total;
    });
    return { advantages, ...parts, total: result.loss, grad: result.gradient('logProb') };
  },
};
