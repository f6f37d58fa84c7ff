/**
 * CRF, conciseness paid on top of a right outcome (arXiv 2511.09158; no official code, formula from reviews).
 *
 *     R_i = R^o_i [1 + alpha c_i (s + d_q)]           c_i: conciseness score in [0.1, 1];  d_q = exp(n_q / G)
 *     A_i = (R_i - mean_g) / (std_g + 1e-6)
 *
 * n_q: members of the group with a positive outcome, G: all scored ones. s anneals with the step (`linearAnneal`); with
 * exp(n / G) the bonus does not vanish with s, with `rate` it shrinks to alpha c n / G. Compute before groups are
 * filtered. The bonus multiplies the outcome: a wrong answer earns nothing by being short, which the additive form
 * (`additiveReward`) pays. Thresholds of pairs and the range check of the parser are inferred.
 */
import { groupStatistics } from '../advantages/group.js';
import { part } from '../define.js';

export const crmCrf = part({
  title: 'CRM + CRF',
  source: 'arXiv 2511.09158',
  kinds: ['reward', 'reward shaping'],
  summary: 'A conciseness score multiplies a right outcome, the more the easier the question is.',
  vectors: 'crm-crf',
  needs: [],
});

export const difficultyFactors = ['exp_pos', 'exp_neg', 'rate'] as const;

export type DifficultyFactor = (typeof difficultyFactors)[number];

/** d_q from the share of right members: exp(share), exp(-share) or the share. */
export function difficultyCoefficient(share: number, factor: DifficultyFactor): number {
  switch (factor) {
    case 'exp_pos':
      return Math.exp(share);
    case 'exp_neg':
      return Math.exp(-share);
    case 'rate':
      return share;
  }
}

export interface ConcisenessSettings {
  /** Weight of conciseness; 0: the outcome alone. */
  readonly alpha: number;
  /** Annealing coefficient of the step. */
  readonly s: number;
  readonly difficulty: DifficultyFactor;
}

/**
 * [rollouts] R_i and d_q. Unscored outcomes (NaN) stay unscored and do not count; a conciseness that could not be read is
 * 0, which leaves the outcome alone.
 */
export function concisenessRewards(
  outcomes: Float64Array,
  conciseness: Float64Array,
  group: Int32Array,
  { alpha, s, difficulty }: ConcisenessSettings,
): { readonly rewards: Float64Array; readonly difficulty: Float64Array } {
  const right = outcomes.map((outcome) => (Number.isNaN(outcome) ? NaN : outcome > 0 ? 1 : 0));
  const { index, mean } = groupStatistics(right, group);
  const coefficients = Float64Array.from(index, (g) => difficultyCoefficient(mean[g]!, difficulty));
  const rewards = outcomes.map((outcome, i) => outcome * (1 + alpha * conciseness[i]! * (s + coefficients[i]!)));
  return { rewards, difficulty: coefficients };
}

/** [rollouts] R^o_i + alpha c_i, the form the paper argues against. */
export function additiveReward(outcomes: Float64Array, conciseness: Float64Array, alpha: number): Float64Array {
  return outcomes.map((outcome, i) => outcome + alpha * conciseness[i]!);
}

export interface PairThresholds {
  readonly minConcise: number;
  readonly maxRedundant: number;
  readonly minGap: number;
}

/** Whether a concise and a redundant solution of one problem are told apart well enough to train the scorer on. */
export function keepsConcisenessPair(
  concise: number,
  redundant: number,
  { minConcise, maxRedundant, minGap }: PairThresholds = { minConcise: 0.6, maxRedundant: 0.5, minGap: 0.3 },
): boolean {
  return concise >= minConcise && redundant <= maxRedundant && concise - redundant >= minGap;
}

const NUMBER = /(?:(?<![\w.)])[-+])?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/g;
const LOWEST = 0.1;

/** The last number of a scorer's output, null where there is none or it is not in [0.1, 1]: never clamped. */
export function parseConciseness(output: string): number | null {
  const last = output.match(NUMBER)?.at(-1);
  const score = last === undefined ? NaN : Number(last);
  return score >= LOWEST && score <= 1 ? score : null;
}
