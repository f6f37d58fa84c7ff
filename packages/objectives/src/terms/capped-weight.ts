import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';
import type { ClipRange } from './clip.js';

/**
 * [token] CISPO's loss `-sg(clip(r, 1 - clipLow, 1 + clipHigh)) A log pi`. Reports `clipFraction`, the share of tokens
 * whose weight is bounded.
 */
export function cappedWeightLoss(context: LossContext, ratio: Value, { clipLow, clipHigh }: ClipRange): Value {
  const weight = ratio.clip(1 - clipLow, 1 + clipHigh).detach();
  context.reportShare('clipFraction', ratio.axis, (i) => weight.data[i] !== ratio.data[i]);
  return weight.mul(context.advantages).mul(context.logProb).neg();
}
