import { explorationWeight, misRatio, mixedAdvantage, mixedPolicyLoss } from '../methods/rl-plus.js';
import { aggregate } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, flatten, groupNumbers, type Labels, type Matrix } from './padded.js';
import type { SurrogateInputs } from './surrogate.js';

interface LossParams {
  readonly strategy: 'RL-PLUS' | 'no_reshape';
  readonly gamma: number;
  readonly uniform: number;
  readonly clip_on_policy: boolean;
  readonly clip: number;
  readonly normalizer: 'sum/max_len' | 'token-mean';
  readonly max_len: number;
  readonly off_max_clip: number | null;
}

function lossCase(inputs: SurrogateInputs & { external_mask: Matrix }, params: LossParams) {
  const { logp, old_logp, external_mask } = inputs;
  const batch = batchOf(inputs.mask, { logProb: logp, oldLogProb: old_logp, external: external_mask });
  const settings = {
    externalRatio: params.strategy === 'RL-PLUS' ? 'mis' : 'probability',
    uniform: params.uniform,
    exploration: params.gamma,
    externalRatioCap: params.off_max_clip,
    clipOnPolicy: params.clip_on_policy,
    clipLow: params.clip,
    clipHigh: params.clip,
  } as const;
  const aggregation = params.normalizer === 'token-mean' ? 'token-mean' : 'seq-mean-token-sum-norm';
  let own = 0;
  const result = evaluateFormula(batch, flatten(inputs.advantages), (context) => {
    const { tape, totals } = context;
    const loss = mixedPolicyLoss(context, settings);
    const external = context.column('external').data;
    const rest = loss.data.filter((_, i) => external[i] === 0);
    own = rest.length > 0 ? rest.reduce((sum, value) => sum + value, 0) / rest.length : 0;
    return aggregate(tape, loss, totals, { aggregation, lengthNorm: params.max_len });
  });
  return {
    loss: result.loss,
    on_loss: own,
    off_loss: result.metrics['externalLoss'],
    off_ratio_mean: result.metrics['externalRatioMean'],
    grad_logp: result.gradient('logProb'),
  };
}

interface AdvantageInputs {
  readonly rewards: readonly number[];
  readonly groups: Labels;
  readonly is_on_policy: readonly boolean[];
}

/** The exponent that the official code has and the ratio cases do not name. */
const GAMMA = 0.5;

export const rlPlus: SlugAdapters = {
  rlplus_loss: lossCase,
  mis_ratio: (
    { pi, pi_old }: { pi: readonly number[]; pi_old: readonly number[] },
    { uniform, gamma = GAMMA }: { uniform: number; gamma?: number },
  ) => ({
    ratio: pi.map((p, i) => misRatio(p, pi_old[i]!, uniform)),
    eaf_weight: pi.map((p) => explorationWeight(p, gamma)),
  }),
  rlplus_advantage: (
    { rewards, groups, is_on_policy }: AdvantageInputs,
    { use_std, baseline }: { use_std: boolean; baseline: 'all' | 'on_policy' },
  ) => ({
    advantage: mixedAdvantage(
      Float64Array.from(rewards),
      groupNumbers(groups),
      is_on_policy.map((own) => !own),
      {
        baseline: baseline === 'all' ? 'group' : 'on-policy',
        advantageScale: use_std ? 'group' : 'none',
        advantageEpsilon: 1e-6,
      },
    ),
  }),
};
