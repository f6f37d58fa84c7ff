import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';
import { sequenceMeans } from './aggregate.js';

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

/** verl's cut of the sequence log-ratio from above. */
const LOG_SEQUENCE_RATIO_BOUND = 10;

/** [rollouts] s = exp(mean over tokens of log pi - log pi_old), gradient through the mean. */
export function sequenceRatio(context: LossContext): Value {
  const ratio = logSequenceRatio(context).min(LOG_SEQUENCE_RATIO_BOUND).exp();
  context.reportMean('ratioMean', ratio);
  return ratio;
}

/** [token] The value of the sequence ratio with the gradient of the token: exp(log pi - sg(log pi) + sg(log s)). */
export function sequenceRatioByToken(context: LossContext): Value {
  const { logProb } = context;
  const sequence = logSequenceRatio(context).detach();
  const ratio = logProb.sub(logProb.detach()).add(sequence).min(LOG_SEQUENCE_RATIO_BOUND).exp();
  context.reportMean('ratioMean', ratio);
  return ratio;
}

function logSequenceRatio(context: LossContext): Value {
  const log = context.logProb.sub(context.column('oldLogProb'));
  context.reportMean('approxKl', log, -1);
  return sequenceMeans(context.tape, log);
}
