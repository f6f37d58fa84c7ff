import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';

/**
 * Mean over pairs of -log sigmoid(score(chosen) - score(rejected)), from one score a rollout. Which side a rollout is on
 * is the sign of its advantage. Reports `pairAccuracy`. 0 without pairs.
 */
export function pairLoss(context: LossContext, score: Value): Value {
  const { tape, totals, advantages } = context;
  const signs = tape.constant(tape.rollout, advantages.mean(tape.rollout).data.map(Math.sign));
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
