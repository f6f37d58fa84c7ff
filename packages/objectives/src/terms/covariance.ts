import type { LossContext } from '../define.js';
import { number } from '../settings.js';
import type { Value } from '../tape/value.js';
import { clippedLoss, type ClipRange } from './clip.js';
import { logRatio, tokenRatio } from './ratio.js';
import { hashedUniform, largest } from './select.js';

export const covSettings = {
  covFraction: number(2e-4, 'share of tokens that are dropped', { min: 0, max: 1 }),
  covLower: number(1, 'smallest covariance of a candidate'),
  covUpper: number(5, 'largest covariance of a candidate'),
} as const;

export interface CovClipSettings extends ClipRange {
  readonly covFraction: number;
  readonly covLower: number;
  readonly covUpper: number;
  readonly seed: number;
}

/** [token] (A - mean A)(log pi - mean log pi) over the tokens of the minibatch, as plain numbers. */
export function tokenCovariance(context: LossContext): Float64Array {
  const advantages = context.advantages.data;
  const logProb = context.logProb.data;
  const [meanAdvantage, meanLogProb] = [mean(advantages), mean(logProb)];
  const covariance = new Float64Array(advantages.length);
  for (let i = 0; i < covariance.length; i++) {
    covariance[i] = (advantages[i]! - meanAdvantage) * (logProb[i]! - meanLogProb);
  }
  return covariance;
}

/** [token] Clip-Cov's loss: the PPO clip without the drawn candidates. Reports `selectedFraction`, the share left out. */
export function covClipped(context: LossContext, ratio: Value, settings: CovClipSettings): Value {
  const { tape } = context;
  const { covLower, covUpper, covFraction, seed } = settings;
  const loss = clippedLoss(context, ratio, settings);
  const keys = tokenCovariance(context);
  for (let i = 0; i < keys.length; i++) {
    const binds = loss.data[i]! > -context.advantages.data[i]! * ratio.data[i]!;
    const candidate = keys[i]! > covLower && keys[i]! < covUpper && !binds;
    // The log-prob has the same bits in any order of rollouts; a covariance is rounded differently in each.
    keys[i] = candidate ? hashedUniform(context.logProb.data[i]!, seed) : -1;
  }
  const drawn = largest(keys, Math.max(Math.floor(covFraction * keys.length), 1));
  const weights = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i++) weights[i] = drawn[i] === 1 && keys[i]! >= 0 ? 0 : 1;
  context.reportShare('selectedFraction', tape.token, (i) => weights[i] === 0);
  return loss.mul(tape.constant(tape.token, weights));
}

/** [token] KL-Cov's loss. Reports `selectedFraction`, the share penalised. */
export function covPenalised(
  context: LossContext,
  settings: { readonly covFraction: number; readonly covKlCoef: number },
): Value {
  const { tape } = context;
  const covariance = tokenCovariance(context);
  const count = Math.max(1, Math.floor(settings.covFraction * covariance.length));
  const chosen = tape.constant(tape.token, Float64Array.from(largest(covariance, count)));
  context.reportMean('selectedFraction', chosen);
  const surrogate = context.advantages.mul(tokenRatio(context)).neg();
  return surrogate.add(logRatio(context).abs().mul(chosen).mul(settings.covKlCoef));
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length > 0 ? sum / values.length : 0;
}
