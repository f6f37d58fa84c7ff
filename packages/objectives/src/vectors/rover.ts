import { groupAdvantage } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { nextValues, rover as method } from '../methods/rover.js';
import type { SlugAdapters } from './adapter.js';
import { logitGradient, logSoftmax, type Logits } from './logits.js';
import { batchOf, flatten, rowsOf, type Labels, type Matrix } from './padded.js';

interface LossInputs {
  readonly logits: Logits;
  readonly old_logits: Logits;
  readonly actions: Matrix;
  readonly mask: Matrix;
  readonly token_rewards: Matrix;
}

function lossCase(inputs: LossInputs, { rho, next_q_scale }: { rho: number; next_q_scale: number }) {
  const { logits, old_logits, actions, mask, token_rewards } = inputs;
  const each = (of: Logits, pick: (logProbs: number[], action: number) => number) =>
    of.map((row, i) => row.map((entry, t) => pick(logSoftmax(entry), actions[i]![t]!)));
  const chosen = (logProbs: number[], action: number) => logProbs[action]!;
  const mean = (logProbs: number[]) => logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length;
  const logProb = each(logits, chosen);
  const oldLogProb = each(old_logits, chosen);
  const columns = { logProb, oldLogProb, meanLogProb: each(logits, mean), oldMeanLogProb: each(old_logits, mean) };
  const batch = batchOf(mask, columns);
  const settings = { rho, valueScale: next_q_scale };
  const { loss, gradients } = method.create('rover', settings).loss(batch, flatten(token_rewards));
  const next = rowsOf(batch, nextValues(batch, rho));
  const gradient = rowsOf(batch, gradients.logProb!);
  return {
    loss,
    q_values: mask.map((row, i) => row.map((flag, t) => flag * rho * (logProb[i]![t]! - oldLogProb[i]![t]!))),
    next_value: next,
    target: mask.map((row, i) => row.map((flag, t) => flag * (token_rewards[i]![t]! + next_q_scale * next[i]![t]!))),
    grad_logprobs: gradient,
    grad_logits: logits.map((row, i) =>
      row.map((entry, t) => logitGradient(entry, [actions[i]![t]!], [gradient[i]![t]!])),
    ),
  };
}

interface RewardInputs {
  readonly rewards: readonly number[];
  readonly mask: Matrix;
  readonly group: Labels;
}

export const rover: SlugAdapters = {
  roverReward: ({ rewards, mask, group }: RewardInputs, params: { norm_by_std: boolean; eps: number }) => {
    const batch = batchOf(mask, {}, { rewards, groups: group });
    const settings = { advantageScale: params.norm_by_std ? 'group' : 'none', advantageEpsilon: params.eps } as const;
    return { token_rewards: rowsOf(batch, broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings))) };
  },
  roverLoss: lossCase,
};
