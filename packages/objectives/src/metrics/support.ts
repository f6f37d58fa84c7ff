/**
 * The invisible leash (arXiv 2507.14843, sections 3 and 5.1, appendix C): what tuning keeps, loses and finds.
 *
 *     P = both solve, S = only the base, E = only the tuned model, O = neither, per problem under one sampling budget
 *     SRR = P / (P + S);  NDR = E / (P + E);  SDS = harmonic mean of both;  NSCR = (E - S) / (P + E + S)
 *
 * A ratio without a denominator is null. Counts of data sets are added before ratios are taken. The paper's claim that
 * entropy never rises under the KL-regularised optimum is false in general, so nothing here relies on it.
 */
import { part } from '../define.js';
import { entropyOf } from './entropy.js';

export const invisibleLeash = part({
  title: 'Support dynamics',
  source: 'arXiv 2507.14843',
  kinds: ['metric'],
  summary: 'Counts of problems that tuning keeps, loses and finds, their ratios, and entropy over answers.',
  vectors: 'invisible-leash',
  needs: [],
});

/** Smallest probability that k samples miss with chance zeta at most: the paper's bound -ln(zeta) / k, and exactly. */
export function supportThreshold(samples: number, zeta: number): { readonly bound: number; readonly exact: number } {
  return { bound: -Math.log(zeta) / samples, exact: -Math.expm1(Math.log(zeta) / samples) };
}

export interface SupportCounts {
  readonly preserved: number;
  readonly expanded: number;
  readonly shrunk: number;
  readonly neither: number;
}

/** From whether each problem was solved at least once by the base and by the tuned model. */
export function supportCounts(base: readonly boolean[], tuned: readonly boolean[]): SupportCounts {
  if (base.length !== tuned.length) {
    throw new Error(
      `supportCounts: the same problems, got ${base.length} and ${tuned.length}; sample both models on all`,
    );
  }
  const count = (inBase: boolean, inTuned: boolean) =>
    base.filter((solved, i) => solved === inBase && tuned[i] === inTuned).length;
  return {
    preserved: count(true, true),
    expanded: count(false, true),
    shrunk: count(true, false),
    neither: count(false, false),
  };
}

export interface SupportRatios {
  /** SRR: share of the base's support that is kept. */
  readonly retention: number | null;
  /** NDR: share of the tuned support that is new. */
  readonly discovery: number | null;
  /** SDS: harmonic mean of both; 0 when both are. */
  readonly dynamics: number | null;
  /** NSCR, in [-1, 1]: net change over all that either solves. */
  readonly netChange: number | null;
}

export function supportRatios({ preserved, expanded, shrunk }: Omit<SupportCounts, 'neither'>): SupportRatios {
  const retention = ratio(preserved, preserved + shrunk);
  const discovery = ratio(expanded, preserved + expanded);
  const sum = retention === null || discovery === null ? null : retention + discovery;
  return {
    retention,
    discovery,
    dynamics: sum === null ? null : sum > 0 ? (2 * retention! * discovery!) / sum : 0,
    netChange: ratio(expanded - shrunk, preserved + expanded + shrunk),
  };
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

/** Entropy in nats of canonical answers; null, an incomplete output, is one answer of its own. 0 without answers. */
export function answerEntropy(answers: readonly (string | null)[]): {
  readonly entropy: number;
  readonly distinct: number;
} {
  const counts = new Map<string | null, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return { entropy: entropyOf([...counts.values()].map((n) => n / answers.length)), distinct: counts.size };
}

export interface TiltedPolicy {
  readonly policy: readonly number[];
  readonly entropyBase: number;
  readonly entropyPolicy: number;
  /** KL(policy || base) in nats. */
  readonly kl: number;
}

/** The KL-regularised optimum, proportional to q exp(beta R). What q never produces, it never produces. */
export function tiltedPolicy(base: readonly number[], reward: readonly number[], beta: number): TiltedPolicy {
  const exponents = reward.map((value, i) => (base[i]! > 0 ? beta * value : -Infinity));
  const most = Math.max(...exponents);
  const weights = exponents.map((exponent, i) => base[i]! * Math.exp(exponent - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const policy = weights.map((weight) => weight / total);
  const kl = policy.reduce((sum, p, i) => (p > 0 ? sum + p * Math.log(p / base[i]!) : sum), 0);
  return { policy, entropyBase: entropyOf(base), entropyPolicy: entropyOf(policy), kl };
}
