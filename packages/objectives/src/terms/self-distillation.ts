import type { LossContext } from '../define.js';
import type { Tape } from '../tape/tape.js';
import type { Value } from '../tape/value.js';
import { LOG_RATIO_BOUND } from './ratio.js';

/**
 * What stands for the tokens outside the top-k of a position: one more bucket with the rest of the probability, nothing
 * after both sides are divided by their sums, or nothing because the k are the whole vocabulary.
 */
export const tails = ['bucket', 'renormalise', 'none'] as const;

export type Tail = (typeof tails)[number];

/** Largest log of the sum of the k probabilities, so that the rest has a logarithm. */
const MAX_LOG_SUM = -1e-7;

/** Smallest sum that is divided by. */
const LEAST_SUM = 1e-300;

/**
 * [token] Divergence between the student's distribution p and the teacher's q over the student's top-k tokens:
 * KL(q || p) for alpha = 0, KL(p || q) for 1, else (1 - alpha) KL(p || m) + alpha KL(q || m) with m = (1 - alpha) p +
 * alpha q, which is Jensen-Shannon at 1/2. The gradient flows through p wherever it stands.
 *
 * `teacher`: [tokens of the batch x width] log-probs of the same tokens.
 */
export function topKDivergence(tape: Tape, teacher: Float64Array, alpha: number, tail: Tail): Value {
  const student = tape.inputTopK();
  const width = tape.token.size > 0 ? student.data.length / tape.token.size : 0;
  const target = tape.constant(tape.candidate, tape.compact(teacher, width || (tape.source.topK?.width ?? 1)));
  if (tail === 'none') return divergence(student, target, alpha).sum(tape.token);
  const [mass, targetMass] = [student.exp().sum(tape.token), target.exp().sum(tape.token)];
  if (tail === 'renormalise') {
    const [all, targetAll] = [mass.max(LEAST_SUM).log(), targetMass.max(LEAST_SUM).log()];
    return divergence(student.sub(all), target.sub(targetAll), alpha).sum(tape.token);
  }
  const rest = divergence(restLogProb(mass), restLogProb(targetMass), alpha);
  return divergence(student, target, alpha).sum(tape.token).add(rest);
}

/** Log of what is left of 1. */
function restLogProb(mass: Value): Value {
  return mass.min(Math.exp(MAX_LOG_SUM)).neg().add(1).log();
}

/** One summand of the divergence, for each entry. */
function divergence(p: Value, q: Value, alpha: number): Value {
  if (alpha === 0) return q.exp().mul(q.sub(p));
  if (alpha === 1) return p.exp().mul(p.sub(q));
  const [a, b] = [p.add(Math.log(1 - alpha)), q.add(Math.log(alpha))];
  const mixture = a.sub(a.sub(b).logSigmoid());
  const fromStudent = p
    .exp()
    .mul(p.sub(mixture))
    .mul(1 - alpha);
  return fromStudent.add(q.exp().mul(q.sub(mixture)).mul(alpha));
}

/** [token] sg(log p - log q) log p: the score-function form of KL(p || q) at the chosen token. */
export function chosenTokenDivergence(context: LossContext): Value {
  const { logProb } = context;
  return logProb.sub(context.column('teacherLogProb')).detach().mul(logProb);
}

/** [token] sg(min(pi / pi_old, bound)). `logProb`: without gradient. */
export function boundedRatio(context: LossContext, logProb: Value, bound: number): Value {
  const log = logProb.sub(context.column('oldLogProb')).clip(-LOG_RATIO_BOUND, LOG_RATIO_BOUND);
  const ratio = log.exp();
  context.reportMean('approxKl', log, -1);
  context.reportMean('ratioMean', ratio);
  return ratio.min(bound).detach();
}
