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

/** Largest sum of the k probabilities, so that the rest has a logarithm. */
const LARGEST_SUM = Math.exp(-1e-7);

/** Smallest sum that is divided by. */
const LEAST_SUM = 1e-300;

/**
 * [token] Divergence between the student's distribution p and the teacher's q over the student's top-k tokens:
 * KL(q || p) for alpha = 0, KL(p || q) for 1, else (1 - alpha) KL(p || m) + alpha KL(q || m) with m = (1 - alpha) p +
 * alpha q, which is Jensen-Shannon at 1/2. The gradient flows through p wherever it stands.
 *
 * One operation from the candidates to their token, value and gradient in one pass: there are k entries a token.
 * `teacher`: [tokens of the batch x width] log-probs of the same tokens.
 */
export function topKDivergence(tape: Tape, teacher: Float64Array, alpha: number, tail: Tail): Value {
  const { topK, positions } = tape.wholeTopK();
  const { width, logProb } = topK;
  const value = new Float64Array(tape.token.size);
  const slope = new Float64Array(logProb.length);
  const position = positionDivergence(width, pullsOf(alpha), tail);
  for (let token = 0; token < value.length; token++) {
    value[token] = position(logProb, teacher, slope, positions[token]! * width);
  }
  return tape.record(new Value(tape, tape.token, value, true), (gradient) => {
    for (let token = 0; token < gradient.length; token++) {
      const g = gradient[token]!;
      const from = positions[token]! * width;
      for (let i = from; i < from + width; i++) slope[i]! *= g;
    }
    tape.addTopKGradient(slope);
  });
}

/**
 * One summand of the divergence is own p (log p - log m) + other q (log q - log m); its derivative by log p is
 * own p (log p - log m) + self p - cross q, because in the mixture all that comes through m cancels.
 */
interface Pulls {
  readonly own: number;
  readonly other: number;
  readonly self: number;
  readonly cross: number;
}

function pullsOf(alpha: number): Pulls {
  if (alpha === 0) return { own: 0, other: 1, self: 0, cross: 1 };
  if (alpha === 1) return { own: 1, other: 0, self: 1, cross: 0 };
  return { own: 1 - alpha, other: alpha, self: 0, cross: 0 };
}

/** log m: p itself where only q weighs, q where only p does. */
function logMixture(p: number, q: number, logP: number, logQ: number, { own, other }: Pulls): number {
  if (own === 0) return logP;
  if (other === 0) return logQ;
  const mixture = own * p + other * q;
  return mixture > 0 ? Math.log(mixture) : logP;
}

/** p (log p - log m), 0 where p vanished in float64. */
function relative(p: number, logP: number, logM: number): number {
  return p > 0 ? p * (logP - logM) : 0;
}

/** A function from both sides' log-probs to the divergence at the position `from`; writes its derivatives to `slope`. */
function positionDivergence(width: number, pulls: Pulls, tail: Tail) {
  const { own, other, self, cross } = pulls;
  const mine = new Float64Array(width);
  const theirs = new Float64Array(width);
  const scaled = tail === 'renormalise';
  return (student: Float64Array, teacher: Float64Array, slope: Float64Array, from: number): number => {
    let mass = 0;
    let targetMass = 0;
    for (let k = 0; k < width; k++) {
      mass += mine[k] = Math.exp(student[from + k]!);
      targetMass += theirs[k] = Math.exp(teacher[from + k]!);
    }
    const sum = scaled ? Math.max(mass, LEAST_SUM) : 1;
    const targetSum = scaled ? Math.max(targetMass, LEAST_SUM) : 1;
    const shift = scaled ? Math.log(sum) : 0;
    const targetShift = scaled ? Math.log(targetSum) : 0;
    let value = 0;
    let pull = 0;
    for (let k = 0; k < width; k++) {
      const logP = student[from + k]! - shift;
      const logQ = teacher[from + k]! - targetShift;
      const p = mine[k]! / sum;
      const q = theirs[k]! / targetSum;
      const logM = logMixture(p, q, logP, logQ, pulls);
      const excess = own * relative(p, logP, logM);
      value += excess + other * relative(q, logQ, logM);
      const derivative = excess + self * p - cross * q;
      slope[from + k] = derivative;
      pull += derivative;
    }
    // Dividing by the sum takes the mean pull off; beyond the bound the sum is a constant.
    if (scaled && mass >= LEAST_SUM) for (let k = 0; k < width; k++) slope[from + k]! -= (pull * mine[k]!) / sum;
    if (tail !== 'bucket') return value;
    const p = 1 - Math.min(mass, LARGEST_SUM);
    const q = 1 - Math.min(targetMass, LARGEST_SUM);
    const logP = Math.log(p);
    const logQ = Math.log(q);
    const logM = logMixture(p, q, logP, logQ, pulls);
    const excess = own * relative(p, logP, logM);
    // The rest is 1 - mass: its logarithm falls by p_k / rest with log p_k, and not at all beyond the bound.
    const derivative = mass <= LARGEST_SUM ? (excess + self * p - cross * q) / p : 0;
    for (let k = 0; k < width; k++) slope[from + k]! -= derivative * mine[k]!;
    return value + excess + other * relative(q, logQ, logM);
  };
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
