/**
 * STEER, token weights from the estimated change of entropy (arXiv 2510.10150; verl/trainer/ppo/core_algos.py of its
 * repository, compute_token_weights and compute_policy_loss_with_entropy).
 *
 *     Omega_t = (A_t / p_old) p^a (1 - p)^b (ln p + H_t)            H_t: old entropy; p: current policy; no gradient
 *     linear: lambda_t falls from lambdaMax to lambdaMin between the smallest and the largest |Omega|; all equal: midpoint
 *     exp:    lambda_t = clip(exp(-k |Omega_t|), lambdaMin, 1),  k = -ln(lambdaMin) / max(largest |Omega|, floor)
 *     loss = sum of lambda_t L_t / tokens                          L_t: PPO clip with e_lo 0.2, e_hi 0.28, c = 10
 *
 * Extremes are sought in the minibatch; the official code seeks them in the micro-batch. A name in that code speaks of
 * (1 - p) squared, what it executes has exponents 1 and 1 (the default). Weights are not brought to mean 1: linear ones
 * lie near lambdaMax, a hidden raise of the learning rate.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { choice, number, withDefaults, type SettingsOf } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';

export const steerSettings = {
  mapping: choice('linear', ['linear', 'exp'], 'how |Omega| becomes a weight'),
  lambdaMin: number(0.8, 'weight of the largest change', { min: 1e-6 }),
  lambdaMax: number(1.2, 'weight of the smallest change under linear', { min: 0 }),
  omegaFloor: number(0.02, 'under exp, the largest |Omega| counts as at least this', { min: 1e-12 }),
  exponentP: number(1, 'a'),
  exponentRest: number(1, 'b'),
} as const;

export type SteerSettings = SettingsOf<typeof steerSettings>;

/** Columns of a batch, all with an entry a token that carries loss. */
export interface SteerColumns {
  readonly logProb: Float64Array;
  readonly oldLogProb: Float64Array;
  readonly oldEntropy: Float64Array;
  readonly advantages: Float64Array;
}

const TINY = 1e-8;

/** [token] Omega: minus the change of entropy that the token's update makes, up to the learning rate. */
export function entropyChange(
  { logProb, oldLogProb, oldEntropy, advantages }: SteerColumns,
  { exponentP, exponentRest }: Pick<SteerSettings, 'exponentP' | 'exponentRest'>,
): Float64Array {
  const omega = new Float64Array(logProb.length);
  for (let i = 0; i < omega.length; i++) {
    const p = clamp(Math.exp(logProb[i]!), TINY, 1 - TINY);
    const old = clamp(Math.exp(oldLogProb[i]!), TINY, 1);
    const value = (advantages[i]! / old) * p ** exponentP * (1 - p) ** exponentRest * (Math.log(p) + oldEntropy[i]!);
    omega[i] = Number.isFinite(value) ? value : 0;
  }
  return omega;
}

/** [token] lambda, from the changes of all tokens between which the extremes are sought. */
export function changeWeights(omega: Float64Array, settings: SteerSettings): Float64Array {
  const { mapping, lambdaMin, lambdaMax, omegaFloor } = settings;
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < omega.length; i++) {
    least = Math.min(least, Math.abs(omega[i]!));
    most = Math.max(most, Math.abs(omega[i]!));
  }
  const rate = -Math.log(lambdaMin) / Math.max(most, omegaFloor);
  const slope = (lambdaMax - lambdaMin) / (most - least);
  const weights = new Float64Array(omega.length);
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(omega[i]!);
    if (mapping === 'exp') weights[i] = clamp(Math.exp(-rate * size), lambdaMin, 1);
    else if (most === least) weights[i] = (lambdaMin + lambdaMax) / 2;
    else weights[i] = clamp(lambdaMax - (size - least) * slope, lambdaMin, lambdaMax);
  }
  return weights;
}

export const steer = objective({
  title: 'STEER',
  source: 'arXiv 2510.10150',
  kinds: ['policy loss'],
  summary: 'Tokens whose update would move the entropy most weigh least.',
  vectors: 'steer',
  settings: {
    ...groupAdvantageSettings,
    ...steerSettings,
    ...withDefaults(clipSettings, { clipHigh: 0.28, dualClip: 10 }),
    ...commonSettings(),
  },
  variants: [{ mapping: 'exp' }, { mapping: 'exp', lambdaMin: 0.5, exponentRest: 2 }],
  stopsGradient: 'the weights of tokens',
  needs: (settings) => ['oldLogProb', 'oldEntropy', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const { tape } = context;
    const omega = entropyChange(
      {
        logProb: context.logProb.data,
        oldLogProb: context.column('oldLogProb').data,
        oldEntropy: context.column('oldEntropy').data,
        advantages: context.advantages.data,
      },
      settings,
    );
    const weights = tape.constant(tape.token, changeWeights(omega, settings));
    context.reportMean('tokenWeight', weights);
    return totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings).mul(weights), settings);
  },
  exempt: { 'micro-batch-split': 'weights follow from the extremes of |Omega| over the whole minibatch' },
});

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
