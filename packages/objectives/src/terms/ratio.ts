import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';

/** Log-ratios beyond this are cut, gradient included, before they meet the exponential (verl: 20). */
export const LOG_RATIO_BOUND = 20;

/** [token] log pi - log pi_old, cut at +-20. */
export function logRatio(context: LossContext): Value {
  return context.logProb.sub(context.column('oldLogProb')).clip(-LOG_RATIO_BOUND, LOG_RATIO_BOUND);
}

/** [token] r = pi / pi_old. Reports `ratioMean` and `approxKl` = mean(log pi_old - log pi). */
export function tokenRatio(context: LossContext): Value {
  const log = logRatio(context);
  const ratio = log.exp();
  context.reportMean('approxKl', log, -1);
  context.reportMean('ratioMean', ratio);
  return ratio;
}
