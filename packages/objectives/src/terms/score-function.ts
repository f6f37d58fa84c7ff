import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';

/** [token] `-A log pi`: the score-function (REINFORCE) loss. */
export function scoreFunctionLoss(context: LossContext): Value {
  return context.advantages.mul(context.logProb).neg();
}
