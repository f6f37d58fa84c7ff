/** Where a thought is cut to ask for an answer: `multiplicity` budgets share the cut. */
export interface Truncation {
  /** Thinking tokens in front of the answer. */
  readonly length: number;
  readonly multiplicity: number;
  /** Whether the end-of-thinking marker must be put in, because the thought did not end by itself there. */
  readonly insertThinkEnd: boolean;
}

/** Cuts of a thought at rising budgets; budgets from its own length on become one cut behind its last token. */
export function truncationPlan(length: number, ended: boolean, budgets: readonly number[]): Truncation[] {
  const cuts = budgets.filter((budget) => budget < length);
  const plan = cuts.map((cut) => ({ length: cut, multiplicity: 1, insertThinkEnd: true }));
  const rest = budgets.length - cuts.length;
  return rest > 0 ? [...plan, { length, multiplicity: rest, insertThinkEnd: !ended }] : plan;
}

/** Index of the cut that each of the `answers` per budget belongs to, by rising budget. */
export function cutOfVerdict(plan: readonly Truncation[], answers: number): number[] {
  return plan.flatMap(({ multiplicity }, cut) => new Array<number>(multiplicity * answers).fill(cut));
}

/** What baselines thoughts: earlier budgets and the group (BRPO), one of both, or nothing. */
export const budgetBaselines = ['brpo', 'earlier', 'group', 'none'] as const;

export type BudgetBaseline = (typeof budgetBaselines)[number];

export interface BudgetCredit {
  /** [G][S] R_{g,s}: what is still to be earned from budget s on. */
  readonly returns: number[][];
  /** [G][S] V1: expected from the verdicts at earlier budgets of the same thought. */
  readonly earlier: number[][];
  /** [S] V2: mean return of the group, own thought included; 0 for a group of one. */
  readonly group: number[];
  /** [G][S] Of the thinking tokens between budgets s - 1 and s; no division by a standard deviation. */
  readonly advantages: number[][];
}

/**
 * Budget relative policy optimisation (arXiv 2505.13438): credit of G thoughts of one question from their mean verdicts
 * at S budgets and the probability of each budget.
 *
 *     R_{g,s}  = sum_{j >= s} p_j rbar_{g,j}
 *     V1_{g,s} = sum_{j < s} decay^j rbar_{g,j} / sum_{j < s} decay^j * sum_{j >= s} p_j;   V2_s = mean over g of R_{g,s}
 *     A_{g,s}  = R_{g,s} - (s / S V1_{g,s} + (S - s) / S V2_s)
 */
export function budgetRelative(
  verdicts: readonly (readonly number[])[],
  prior: readonly number[],
  baseline: BudgetBaseline = 'brpo',
  decay = 2,
): BudgetCredit {
  const budgets = prior.length;
  const left = suffixSums(prior);
  const returns = verdicts.map((row) => suffixSums(row.map((verdict, j) => prior[j]! * verdict)));
  const earlier = verdicts.map((row) => decayedMeans(row, decay).map((mean, s) => mean * left[s]!));
  const group = prior.map((_, s) => meanOf(returns.map((row) => row[s]!)));
  const advantages = returns.map((row, g) =>
    row.map((value, s) => {
      if (baseline === 'none') return value;
      const share = { brpo: s / budgets, earlier: 1, group: 0 }[baseline];
      // Differences first: verdicts that are all equal then give exactly 0.
      return share * (value - earlier[g]![s]!) + (1 - share) * (value - group[s]!);
    }),
  );
  return { returns, earlier, group, advantages };
}

/**
 * [verdicts] Advantage of each answer of each thought: its verdict minus the mean of the verdicts at the same cut; with
 * one answer a budget minus the mean of the group at that budget. `lastOnly`: only the last answer has one, against the
 * group (GRPO).
 */
export function answerAdvantages(
  verdicts: readonly (readonly number[])[],
  cuts: readonly (readonly number[])[],
  answers: number,
  lastOnly = false,
): number[][] {
  const groupMean = (j: number) => meanOf(verdicts.map((row) => row[j]!));
  return verdicts.map((row, g) =>
    row.map((verdict, j) => {
      if (lastOnly && j < row.length - 1) return 0;
      if (lastOnly || answers === 1) return verdict - groupMean(j);
      return verdict - meanOf(row.filter((_, other) => cuts[g]![other] === cuts[g]![j]));
    }),
  );
}

function suffixSums(values: readonly number[]): number[] {
  let sum = 0;
  return [...values]
    .reverse()
    .map((value) => (sum += value))
    .reverse();
}

/** [S] Weighted mean of the entries in front of each, 0 for the first. */
function decayedMeans(values: readonly number[], decay: number): number[] {
  let [sum, weights, weight] = [0, 0, 1];
  return values.map((value) => {
    const mean = weights > 0 ? sum / weights : 0;
    sum += weight * value;
    weights += weight;
    weight *= decay;
    return mean;
  });
}

/** 0 for fewer than two values: the mean of a group of one is no baseline. Equal values have that value exactly. */
function meanOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  if (values.every((value) => value === values[0])) return values[0]!;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
