/**
 * RL-PLUS, demonstrations inside the group (arXiv 2508.00222; rlplus_core_alg.py of its repository).
 *
 *     A_i = R_i - mean_g                                            over all members, the demonstration included
 *     on-policy token:   L = -A r,  r = pi / pi_old                 not clipped
 *     external token:    L = -A r^m C,  p = pi, p_old = pi_old
 *       r^m = 2 p / (1.5 p_old + 0.5 U)                             multiple importance sampling; gradient through p
 *       C   = (1 - sg(p))^gamma                                     more weight on what the model finds unlikely
 *     loss = sum of L / T - entropyCoef token mean of H             T = 8192, a constant: not divided by rollouts
 *
 * U stands for the unknown external policy: 1 in the official code (rare external tokens then get a weight of 4 p), 1 / V
 * in the paper (about 4/3 for every token). The default follows the code, as do A without division and T. Tokens of
 * demonstrations are marked in the column `external`; without any this is unclipped Dr. GRPO. The log-ratio of
 * on-policy tokens is cut at +-20, which the code does not do.
 */
import {
  groupAdvantage,
  groupAdvantageSettings,
  groupStatistics,
  type GroupAdvantageSettings,
} from '../advantages/group.js';
import { broadcast, externalTokenCounts } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { choice, number, optionalNumber, withDefaults, type SettingsOf } from '../settings.js';
import type { Value } from '../tape/value.js';
import { aggregate } from '../terms/aggregate.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { externalFlags, meanWhere, mixedSurrogate, onPolicyClipSettings } from '../terms/mixed-policy.js';

export const externalSettings = {
  externalRatio: choice('mis', ['mis', 'probability'], 'r^m C as above, or p alone (arXiv 2504.14945)'),
  uniform: number(1, 'U, what the external policy is taken for beside pi_old; 1 / vocabulary in the paper', {
    min: 1e-9,
    max: 1,
  }),
  exploration: number(0.5, 'gamma, exponent of the exploration weight; 0: none', { min: 0 }),
  externalRatioCap: optionalNumber(null, 'largest external ratio, cut with its gradient; null: none', { min: 0 }),
  ...onPolicyClipSettings,
} as const;

export type ExternalSettings = SettingsOf<typeof externalSettings>;

/** 2 p / (1.5 p_old + 0.5 U) of probabilities. */
export function misRatio(p: number, pOld: number, uniform: number): number {
  return (2 * p) / (1.5 * pOld + 0.5 * uniform);
}

/** (1 - p)^gamma */
export function explorationWeight(p: number, gamma: number): number {
  return Math.max(1 - p, 0) ** gamma;
}

/** [token] The loss of every token. Reports `externalLoss` and `externalRatioMean`. */
export function mixedPolicyLoss(context: LossContext, settings: ExternalSettings): Value {
  const external = externalFlags(context);
  return mixedSurrogate(context, external, externalWeight(context, external, settings), settings);
}

/** [token] r^m C, or p. */
function externalWeight(context: LossContext, external: Uint8Array, settings: ExternalSettings): Value {
  const { tape, logProb } = context;
  const p = logProb.exp();
  const { externalRatioCap: cap, uniform, exploration } = settings;
  let ratio = p;
  if (settings.externalRatio === 'mis') {
    const old = context.column('oldLogProb').data;
    ratio = p.mul(
      tape.constant(
        tape.token,
        old.map((value) => misRatio(1, Math.exp(value), uniform)),
      ),
    );
  }
  if (cap !== null) ratio = ratio.min(cap);
  context.report('externalRatioMean', meanWhere(ratio.data, external));
  if (settings.externalRatio === 'probability') return ratio;
  return ratio.mul(
    tape.constant(
      tape.token,
      p.data.map((value) => explorationWeight(value, exploration)),
    ),
  );
}

export const baselineSettings = {
  baseline: choice('group', ['group', 'on-policy'], 'whose rewards make mean and standard deviation'),
  ...withDefaults(groupAdvantageSettings, { advantageScale: 'none' }),
} as const;

/**
 * [rollouts] A_i with the demonstrations in the group's statistics, or with statistics of the on-policy members only; a
 * standard deviation of 0 then counts as 1, and fewer than two such members have mean 0.
 */
export function mixedAdvantage(
  rewards: Float64Array,
  group: Int32Array,
  external: ArrayLike<boolean>,
  settings: GroupAdvantageSettings & { readonly baseline: 'group' | 'on-policy' },
): Float64Array {
  if (settings.baseline === 'group') return groupAdvantage(rewards, group, settings);
  const own = rewards.map((reward, i) => (external[i] === true ? NaN : reward));
  const { index, count, mean, std } = groupStatistics(own, group);
  return rewards.map((reward, i) => {
    if (Number.isNaN(reward)) return 0;
    const g = index[i]!;
    const distance = reward - (count[g]! > 1 ? mean[g]! : 0);
    if (settings.advantageScale === 'none') return distance;
    return distance / ((std[g]! > 0 ? std[g]! : 1) + settings.advantageEpsilon);
  });
}

export const rlPlus = objective({
  title: 'RL-PLUS',
  source: 'arXiv 2508.00222',
  kinds: ['policy loss', 'advantage', 'off-policy correction'],
  summary: 'A demonstration in every group, weighted by a bounded importance ratio and by how unlikely its tokens are.',
  vectors: 'rl-plus',
  settings: {
    ...baselineSettings,
    ...externalSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-sum-norm', lengthNorm: 8192, entropyCoef: 0.001 }),
  },
  variants: [
    { clipOnPolicy: true, aggregation: 'token-mean', externalRatioCap: 0.5 },
    { externalRatio: 'probability', baseline: 'on-policy', advantageScale: 'group', entropyCoef: 0 },
  ],
  needs: (settings) => ['oldLogProb', 'external', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, advantageOf(batch, settings)),
  loss: (context, settings) => {
    const { tape, totals } = context;
    const loss = totalLoss(context, mixedPolicyLoss(context, settings), { ...settings, entropyCoef: 0 });
    if (settings.entropyCoef === 0) return loss;
    const entropy = tape.input('entropy');
    context.reportMean('entropy', entropy);
    const bonus = aggregate(tape, entropy, totals, { aggregation: 'token-mean', lengthNorm: null });
    return loss.sub(bonus.mul(settings.entropyCoef));
  },
  exempt: {
    'zero-signal':
      'with an on-policy baseline the demonstration keeps its distance to a mean that it is not part of, and a lone ' +
      'member keeps its reward',
  },
});

function advantageOf(batch: RolloutBatch, settings: SettingsOf<typeof baselineSettings>): Float64Array {
  const external = settings.baseline === 'group' ? [] : externalTokenCounts(batch).map((count) => count > 0);
  return mixedAdvantage(batch.rewards, batch.group, external, settings);
}
