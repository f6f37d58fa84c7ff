import type { LossContext } from '../define.js';
import type { Tape } from '../tape/tape.js';
import { Value } from '../tape/value.js';
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

/**
 * One summand of the divergence, for each entry; p and q are log-probs, q has no gradient. One pass for value and
 * gradient, since there are k entries a token. In the mixture the terms that come through m cancel: what is left of the
 * derivative by log p is (1 - alpha) p (log p - log m).
 */
function divergence(p: Value, q: Value, alpha: number): Value {
  const { tape, axis } = p;
  const value = new Float64Array(axis.size);
  const slope = new Float64Array(axis.size);
  const [logOwn, logOther] = [Math.log(1 - alpha), Math.log(alpha)];
  for (let i = 0; i < value.length; i++) {
    const [logP, logQ] = [p.data[i]!, q.data[i]!];
    if (alpha === 0) {
      slope[i] = -Math.exp(logQ);
      value[i] = slope[i]! * (logP - logQ);
    } else if (alpha === 1) {
      const probability = Math.exp(logP);
      value[i] = probability * (logP - logQ);
      slope[i] = value[i]! + probability;
    } else {
      const [a, b] = [logP + logOwn, logQ + logOther];
      const mixture = Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
      slope[i] = Math.exp(a) * (logP - mixture);
      value[i] = slope[i]! + Math.exp(b) * (logQ - mixture);
    }
  }
  const out = new Value(tape, axis, value, p.differentiable);
  return tape.record(out, (gradient) => {
    const into = p.gradient();
    for (let i = 0; i < gradient.length; i++) into[i]! += gradient[i]! * slope[i]!;
  });
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
