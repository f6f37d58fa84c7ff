/**
 * DRO with R3, reward by the reference tokens that reasoning moves (arXiv 2506.13351 v1; no official code).
 *
 *     l_ij    log-prob of reference token j after the reasoning of rollout i, no gradient
 *     sigma_j = std over i of l_ij (ddof 0);  w_j = sigma_j / sum of sigma, uniform where none varies
 *     R3_i    = sum of w_j l_ij, minus the same with the reasoning masked
 *     R_i     = R3_i + weight r_len,  r_len = 1 - beta | |y| - |answer| | / |y|
 *
 * The form of w and ddof are inferred; `threshold` puts sigma below delta to 0. Subtracting the masked log-probs shifts a
 * whole group and changes only comparisons across questions. The loss is Dr. GRPO's with advantages divided by the
 * group's standard deviation and a KL term: `--set objective=dr-grpo --set advantageScale=group --set klCoef=0.001`.
 */
import { groupStatistics } from '../advantages/group.js';
import { part } from '../define.js';
import { largest } from '../terms/select.js';

export const dro = part({
  title: 'DRO (R3)',
  source: 'arXiv 2506.13351',
  kinds: ['reward', 'filter'],
  summary: 'Log-prob of the reference, weighted by how much each of its tokens varies with the reasoning.',
  vectors: 'dro',
  needs: [],
});

/** [rollouts][reference tokens] */
export type ReferenceLogProbs = readonly (readonly number[])[];

export interface ReflectiveWeightOptions {
  readonly mode?: 'linear' | 'threshold';
  /** Smallest sigma that counts, for `threshold`. */
  readonly delta?: number;
  /** Divisor of the variance is the number of rollouts less this. */
  readonly ddof?: 0 | 1;
}

/** [reference tokens] sigma and w. Rows with a number that is not finite stay out. */
export function reflectiveWeights(
  logProbs: ReferenceLogProbs,
  { mode = 'linear', delta = 0.5, ddof = 0 }: ReflectiveWeightOptions = {},
): { readonly sigma: number[]; readonly weights: number[] } {
  const rows = logProbs.filter(isSpliced);
  const oneGroup = new Int32Array(rows.length);
  const shrink = ddof === 0 && rows.length > 0 ? Math.sqrt((rows.length - 1) / rows.length) : 1;
  const sigma = Array.from({ length: rows[0]?.length ?? 0 }, (_, j) => {
    const [std = 0] = groupStatistics(
      Float64Array.from(rows, (row) => row[j]!),
      oneGroup,
    ).std;
    return std * shrink;
  });
  const raw = sigma.map((value) => (mode === 'threshold' && value < delta ? 0 : value));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return { sigma, weights: raw.map((value) => (total > 0 ? value / total : 1 / raw.length)) };
}

/**
 * [rollouts] R3. `masked`: log-probs with the reasoning masked. A rollout into which the reference could not be spliced
 * (a number that is not finite) gets the smallest of the group.
 */
export function reflectiveRewards(
  logProbs: ReferenceLogProbs,
  weights: readonly number[],
  masked?: readonly number[],
): number[] {
  return lowestForBroken(logProbs, (row) =>
    row.reduce((sum, value, j) => sum + weights[j]! * (value - (masked?.[j] ?? 0)), 0),
  );
}

export interface Propagation {
  readonly sigma: readonly number[];
  readonly weights: readonly number[];
  /** Smallest sigma of a reflective token. */
  readonly delta: number;
  /** How fast the doubt of an earlier token fades with distance. */
  readonly gamma: number;
}

/** Tokens with sigma >= delta. */
export function reflectivePositions(sigma: readonly number[], delta: number): number[] {
  return [...sigma.keys()].filter((j) => sigma[j]! >= delta);
}

/**
 * [rollouts] R3 in which doubt about a reflective token k lowers what follows it by log P_k(j) with
 * P_k(j) = p_k + (1 - p_k)(1 - exp(-gamma (j - k))).
 */
export function propagatedRewards(
  logProbs: ReferenceLogProbs,
  { sigma, weights, delta, gamma }: Propagation,
): number[] {
  const reflective = reflectivePositions(sigma, delta);
  return lowestForBroken(logProbs, (row) =>
    row.reduce((total, value, j) => {
      let corrected = value;
      for (const k of reflective) {
        if (k >= j) break;
        const p = Math.exp(row[k]!);
        corrected += Math.log(p + (1 - p) * (1 - Math.exp(-gamma * (j - k))));
      }
      return total + weights[j]! * corrected;
    }, 0),
  );
}

/** 1 - beta | reference - answer | / reference, lengths in tokens; may be negative. */
export function answerLengthReward(reference: number, answer: number, beta = 0.5): number {
  return 1 - (beta * Math.abs(reference - answer)) / reference;
}

/** Mean of the worst share of ranks (1: the likeliest token) of a reference: ceil(T share) of them, at least one. */
export function worstRankMean(ranks: readonly number[], percent = 20): number {
  const count = Math.min(Math.max(Math.ceil((ranks.length * percent) / 100), 1), ranks.length);
  const worst = [...ranks].sort((a, b) => b - a).slice(0, count);
  return worst.reduce((sum, rank) => sum + rank, 0) / count;
}

/** Whether a question is within reach: the worst ranks of some rollout have a mean of at most `topK`. */
export function isWithinReach(ranks: readonly (readonly number[])[], percent = 20, topK = 32): boolean {
  return ranks.some((row) => worstRankMean(row, percent) <= topK);
}

/** The floor(n keepFraction) questions whose largest sigma is largest, in their order; earlier ones on ties. */
export function mostReflective(largestSigma: readonly number[], keepFraction = 0.5): number[] {
  const kept = largest(Float64Array.from(largestSigma), Math.floor(largestSigma.length * keepFraction));
  return [...largestSigma.keys()].filter((i) => kept[i] === 1);
}

function isSpliced(row: readonly number[]): boolean {
  return row.every(Number.isFinite);
}

function lowestForBroken(logProbs: ReferenceLogProbs, reward: (row: readonly number[]) => number): number[] {
  const rewards = logProbs.map((row) => (isSpliced(row) ? reward(row) : NaN));
  const scored = rewards.filter((value) => !Number.isNaN(value));
  const lowest = scored.length > 0 ? Math.min(...scored) : NaN;
  return rewards.map((value) => (Number.isNaN(value) ? lowest : value));
}
