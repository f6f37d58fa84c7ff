import type { LossContext } from '../define.js';
import { number } from '../settings.js';
import type { Value } from '../tape/value.js';
import { logRatio, tokenRatio } from './ratio.js';
import { hashedUniform, largest } from './select.js';

export const covSettings = {
  covFraction: number(2e-4, 'share of tokens that are dropped', { min: 0, max: 1 }),
  covLower: number(1, 'smallest covariance of a candidate'),
  covUpper: number(5, 'largest covariance of a candidate'),
} as const;

export interface CovClipSettings {
  readonly covFraction: number;
  readonly covLower: number;
  readonly covUpper: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly seed: number;
}

/** [token] (A - mean A)(log pi - mean log pi) over the tokens of the minibatch, as plain numbers. */
export function tokenCovariance(context: LossContext): Float64Array {
  const advantages = context.advantages.data;
  const logProb = context.logProb.data;
  const [meanAdvantage, meanLogProb] = [mean(advantages), mean(logProb)];
  return advantages.map((advantage, i) => (advantage - meanAdvantage) * (logProb[i]! - meanLogProb));
}

/** [token] The loss without the drawn candidates of Clip-Cov. Reports `selectedFraction`, the share left out. */
export function covClipped(context: LossContext, loss: Value, settings: CovClipSettings): Value {
  const { tape } = context;
  const binds = clipBinds(context, settings);
  const keys = tokenCovariance(context).map((cov, i) => {
    const candidate = cov > settings.covLower && cov < settings.covUpper && binds[i] === 0;
    return candidate ? hashedUniform(cov, settings.seed) : -Infinity;
  });
  const wanted = Math.max(Math.floor(settings.covFraction * keys.length), 1);
  const drawn = largest(keys, wanted);
  const kept = Float64Array.from(keys, (key, i) => (drawn[i] === 1 && key >= 0 ? 0 : 1));
  const weights = tape.constant(tape.token, kept);
  context.reportMean('selectedFraction', weights.affine(-1, 1));
  return loss.mul(weights);
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

/** [token] 1 where the ordinary clip is the larger branch. */
function clipBinds(context: LossContext, { clipLow, clipHigh }: CovClipSettings): Uint8Array {
  const advantages = context.advantages.data;
  const log = logRatio(context).data;
  return Uint8Array.from(log, (value, i) => {
    const ratio = Math.exp(value);
    const held = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh);
    return -advantages[i]! * held > -advantages[i]! * ratio ? 1 : 0;
  });
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length > 0 ? sum / values.length : 0;
}
