import type { LossContext } from '../define.js';
import { pairSigns } from '../groups.js';
import type { Value } from '../tape/value.js';

/**
 * Mean over pairs of -log sigmoid(score(chosen) - score(rejected)), from one score a rollout; see `pairSigns`. A response
 * without tokens has the score 0. Reports `pairAccuracy`. 0 without pairs.
 */
export function pairLoss(context: LossContext, score: Value): Value {
  const { tape, totals } = context;
  const signs = tape.constant(tape.rollout, pairSigns(tape.source.rewards, tape.source.group));
  const paired = signs
    .abs()
    .sum(tape.group)
    .data.map((members) => (members === 2 ? 1 : 0));
  const margin = score.mul(signs).sum(tape.group);
  const pairs = tape.constant(tape.group, paired);
  const count = pairs.sum(tape.batch).scalar;
  const right = margin.data.reduce((sum, value, g) => sum + (paired[g] === 1 && value > 0 ? 1 : 0), 0);
  context.report('pairAccuracy', count > 0 ? right / count : 0);
  return margin
    .logSigmoid()
    .mul(pairs)
    .sum(tape.batch)
    .mul(-1 / Math.max(totals.pairs, 1));
}
