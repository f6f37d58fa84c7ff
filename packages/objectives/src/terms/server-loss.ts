import { totalsOf } from '../columns.js';
import type { BatchTotals, RolloutBatch, ServerLoss } from '../objective.js';
import { Tape } from '../tape/tape.js';
import { aggregate, type AggregationSettings } from './aggregate.js';
import type { ClipRange } from './clip.js';
import type { CommonSettings } from './common.js';
import { LOG_RATIO_BOUND } from './ratio.js';

/**
 * Which of the losses that Tinker servers have of their own a policy loss is, with its bounds; undefined where it is none
 * of them. They are sums over tokens of, with r = exp(log pi - log pi_old) and per-token advantages A:
 *
 *     importance_sampling  -r A
 *     ppo                  -min(r A, clip(r, low, high) A)
 *     cispo                -sg(clip(r, low, high)) A log pi
 *
 * (`tinker` 0.38, documentation of its losses; SkyRL 0.3, skyrl/tinker/loss_fns.py). Both are linear in A where it is
 * scaled by a number that is not negative, so how token losses are averaged goes into A. What they lack says no: a term
 * beside the policy loss, weights for another sampler, a dual clip, a bound of the free ratio.
 */
type Policy = CommonSettings & ClipRange & { readonly dualClip?: number | null };

/** For `clippedSurrogate` and `clippedLoss` of `tokenRatio` in `totalLoss`. */
export function ppoOnServer(settings: Policy): ServerLoss | undefined {
  const { clipLow, clipHigh, dualClip = null, ratioCap = null } = settings;
  if (dualClip !== null || ratioCap !== null || !isAlone(settings)) return undefined;
  const [low, high] = [1 - clipLow, 1 + clipHigh];
  // Log-ratios are cut at +-20: bounds beyond never bind.
  const bounded = low > Math.exp(-LOG_RATIO_BOUND) || high < Math.exp(LOG_RATIO_BOUND);
  return { name: bounded ? 'ppo' : 'importance_sampling', low, high, scale: scaleOf(settings) };
}

/** For `cappedWeightLoss` of `tokenRatio` in `totalLoss`. */
export function cispoOnServer(settings: Policy): ServerLoss | undefined {
  if (!isAlone(settings)) return undefined;
  const { clipLow, clipHigh } = settings;
  return { name: 'cispo', low: 1 - clipLow, high: 1 + clipHigh, scale: scaleOf(settings) };
}

/** For `scoreFunctionLoss` in `totalLoss`: CISPO with a weight that is bounded to 1. */
export function scoreFunctionOnServer(settings: CommonSettings): ServerLoss | undefined {
  return isAlone(settings) ? { name: 'cispo', low: 1, high: 1, scale: scaleOf(settings) } : undefined;
}

function isAlone({ klCoef, entropyCoef, samplerCorrection }: CommonSettings): boolean {
  return klCoef === 0 && entropyCoef === 0 && samplerCorrection === 'none';
}

/** [tokens] What the aggregation multiplies each token's loss with: its derivative by that loss. */
function scaleOf(settings: AggregationSettings): ServerLoss['scale'] {
  return (batch: RolloutBatch, totals: BatchTotals = totalsOf(batch)) => {
    const tape = new Tape(batch);
    const loss = aggregate(tape, tape.input('logProb'), totals, settings);
    return tape.gradients(loss).logProb ?? new Float64Array(batch.mask.length);
  };
}
