/**
 * CoT-Pass@K (arXiv 2506.14245, sections 3.1, 4, 5 and appendix A.5): pass@k where a sample counts only if its answer and
 * its reasoning are right.
 *
 *     C = right answers, D = right answers with right reasoning of G samples;   D <= C <= G
 *     Pass@K = 1 - binom(G - C, K) / binom(G, K);  CoT-Pass@K the same with D;  P(CA) = C / G;  P(CC | CA) = D / C
 *
 * A suite is the mean over prompts; prompts without a right answer are left out of the mean of P(CC | CA). An even split
 * of votes is no majority. The appendix of the paper prints the variance where the standard deviation belongs; here it is
 * the standard deviation, which gives the paper's own ideal case sqrt((1 - p) / p).
 */
import { part } from '../define.js';
import { meanPassAtK, passAtK } from './pass-at-k.js';

export const cotPassK = part({
  title: 'CoT-Pass@K',
  source: 'arXiv 2506.14245',
  kinds: ['metric'],
  summary:
    'Pass@k that counts a sample only if its reasoning was judged right too, and what GRPO does to such reasoning.',
  vectors: 'cot-pass-k',
  needs: [],
});

export const voteRules = ['any', 'majority', 'all'] as const;

/** How several verdicts on one chain of thought become one. */
export type VoteRule = (typeof voteRules)[number];

/** Verdict on a chain of thought from independent votes of a judge. Without votes it is wrong under every rule. */
export function cotCorrect(votes: readonly boolean[], rule: VoteRule): boolean {
  const yes = votes.filter(Boolean).length;
  switch (rule) {
    case 'any':
      return yes > 0;
    case 'majority':
      return 2 * yes > votes.length;
    case 'all':
      return votes.length > 0 && yes === votes.length;
  }
}

/** G samples of one prompt. */
export interface JudgedSamples {
  /** [G] Verdict on each answer. */
  readonly answers: readonly boolean[];
  /** [G] Votes on the reasoning of each; those of wrong answers are not read. */
  readonly votes: readonly (readonly boolean[])[];
}

export interface CotPassAtK {
  readonly samples: number;
  /** Right answers. */
  readonly answersRight: number;
  /** Right answers with right reasoning. */
  readonly bothRight: number;
  /** P(CA) */
  readonly answerRate: number;
  /** P(CC | CA); null without a right answer. */
  readonly reasoningRate: number | null;
  /** [ks] */
  readonly passAtK: readonly number[];
  /** [ks] */
  readonly cotPassAtK: readonly number[];
}

export interface CotPassAtKSuite {
  readonly prompts: readonly CotPassAtK[];
  /** Means over prompts. NaN without prompts. */
  readonly answerRate: number;
  /** Mean over prompts with a right answer; null without any. */
  readonly reasoningRate: number | null;
  readonly passAtK: readonly number[];
  readonly cotPassAtK: readonly number[];
}

/** CoT-Pass@K of a suite. Throws when a k exceeds the samples of a prompt, or a prompt has no vote list for an answer. */
export function cotPassAtK(suite: readonly JudgedSamples[], ks: readonly number[], rule: VoteRule): CotPassAtKSuite {
  const prompts = suite.map((prompt) => promptCotPassAtK(prompt, ks, rule));
  const known = prompts.flatMap(({ reasoningRate }) => (reasoningRate === null ? [] : [reasoningRate]));
  const counts = (key: 'answersRight' | 'bothRight') =>
    prompts.map((prompt) => ({ n: prompt.samples, c: prompt[key] }));
  return {
    prompts,
    answerRate: mean(prompts.map(({ answerRate }) => answerRate)),
    reasoningRate: known.length > 0 ? mean(known) : null,
    passAtK: ks.map((k) => meanPassAtK(counts('answersRight'), k)),
    cotPassAtK: ks.map((k) => meanPassAtK(counts('bothRight'), k)),
  };
}

function promptCotPassAtK({ answers, votes }: JudgedSamples, ks: readonly number[], rule: VoteRule): CotPassAtK {
  if (votes.length !== answers.length) {
    throw new Error(
      `cotPassAtK: one vote list an answer, got ${votes.length} for ${answers.length}; pass [] for what was not judged`,
    );
  }
  const samples = answers.length;
  const answersRight = answers.filter(Boolean).length;
  const bothRight = answers.filter((right, i) => right && cotCorrect(votes[i]!, rule)).length;
  return {
    samples,
    answersRight,
    bothRight,
    answerRate: samples > 0 ? answersRight / samples : 0,
    reasoningRate: answersRight > 0 ? bothRight / answersRight : null,
    passAtK: ks.map((k) => passAtK(samples, answersRight, k)),
    cotPassAtK: ks.map((k) => passAtK(samples, bothRight, k)),
  };
}

export interface ReasoningPrior {
  /** Probability that the reasoning is right. */
  readonly reasoningRate: number;
  /** P(answer right | reasoning right) */
  readonly answerGivenRight: number;
  /** P(answer right | reasoning wrong) */
  readonly answerGivenWrong: number;
}

export interface ExpectedAdvantage {
  readonly mean: number;
  readonly std: number;
  readonly rightReasoning: number;
  readonly wrongReasoning: number;
}

/**
 * Theorem 1: expected GRPO advantage of right and of wrong reasoning under a reward for the answer alone, for large
 * groups. Positive for right reasoning iff it answers better than wrong reasoning does; 0 where rewards do not vary.
 */
export function expectedCotAdvantage(prior: ReasoningPrior): ExpectedAdvantage {
  const { reasoningRate: p, answerGivenRight: alpha, answerGivenWrong: beta } = prior;
  const gap = alpha - beta;
  const variance = gap * gap * p * (1 - p) + p * alpha * (1 - alpha) + (1 - p) * beta * (1 - beta);
  const std = Math.sqrt(Math.max(variance, 0));
  const unit = std > 0 ? gap / std : 0;
  return {
    mean: p * alpha + (1 - p) * beta,
    std,
    rightReasoning: (1 - p) * unit,
    wrongReasoning: -p * unit,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
