import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';
import { sequenceMeans } from './aggregate.js';

/**
 * [token] `-A r` with r = exp(log pi - sg(log pi)), which is 1: the policy gradient of one update a batch, without old
 * log-probs. `sequence`: r is the geometric mean over the response.
 */
export function onPolicyLoss(context: LossContext, level: 'token' | 'sequence'): Value {
  const log = context.logProb.sub(context.logProb.detach());
  const ratio = level === 'sequence' ? sequenceMeans(context.tape, log).to(context.tape.token) : log;
  return context.advantages.mul(ratio.exp()).neg();
}
