/**
 * @file RLVRR (arXiv 2601.18533): a chain of keyword checks and declarative style checks against a reference text.
 *
 *   s_m = max over variants v of LCS(K_mv(y), K_mv(z)) / max(|K_mv(y)|, |K_mv(z)|),   r_content = mean over m of s_m
 *   r_style = sum over checks n of w_n [check n holds],   R = r_content + r_style
 *
 * Paper and code differ: the paper scores each variant against its own reference ({@link contentRewardMulti}), the code
 * all of them against one ({@link contentReward}). The code executes model-written checks; here they are data. Patterns
 * of `regex` checks are matched in linear time; one with lookaround or a back reference is a check that fails.
 */
import { splitWhitespace } from '../text/characters.js';
import { keywordAlignment } from '../text/keywords.js';
import { LinearPattern } from '../text/linear-pattern.js';
import { mean } from './statistics.js';

/** Keywords of the variants of one key point. */
export type KeyPoint = readonly (readonly string[])[];

/** Content reward in [0, 1] against one reference; 0 without key points. */
export function contentReward(answer: string, keyPoints: readonly KeyPoint[], reference: string): number {
  return mean(
    keyPoints.map((variants) => best(variants.map((keywords) => keywordAlignment(keywords, answer, reference)))),
  );
}

/** Content reward in [0, 1] where variant i of a key point belongs to reference i. */
export function contentRewardMulti(
  answer: string,
  keyPoints: readonly KeyPoint[],
  references: readonly string[],
): number {
  return mean(
    keyPoints.map((variants) =>
      best(variants.map((keywords, index) => keywordAlignment(keywords, answer, references[index] ?? ''))),
    ),
  );
}

function best(scores: readonly number[]): number {
  return Math.max(0, ...scores);
}

/** A style check with its weight. Words are counted between whitespace; `raise` stands for a check that always fails. */
export type StyleCheck = { readonly weight: number } & (
  | { readonly kind: 'min_words' | 'max_words'; readonly value: number }
  | { readonly kind: 'regex' | 'contains'; readonly value: string }
  | { readonly kind: 'raise' }
);

function holds(check: StyleCheck, answer: string): boolean {
  switch (check.kind) {
    case 'min_words':
      return splitWhitespace(answer).length >= check.value;
    case 'max_words':
      return splitWhitespace(answer).length <= check.value;
    case 'contains':
      return answer.includes(check.value);
    case 'regex':
      return matches(check.value, answer);
    case 'raise':
      return false;
  }
}

/** A pattern that does not compile, or has no linear bound, is a check that fails. */
function matches(pattern: string, answer: string): boolean {
  try {
    return new LinearPattern(pattern, 'm').test(answer);
  } catch {
    return false;
  }
}

export interface ChainReward {
  readonly checksPassed: readonly boolean[];
  readonly content: number;
  readonly style: number;
  /** The code's aggregate. */
  readonly sum: number;
  /** The paper's aggregate, in [0, 1] when the weights sum to 1: use it beside other rewards. */
  readonly mean: number;
}

/** Content and style of one answer, and both ways to combine them. */
export function chainReward(
  answer: string,
  keyPoints: readonly KeyPoint[],
  reference: string,
  checks: readonly StyleCheck[],
): ChainReward {
  const checksPassed = checks.map((check) => holds(check, answer));
  const style = checks.reduce((sum, check, index) => sum + (checksPassed[index] ? check.weight : 0), 0);
  const content = contentReward(answer, keyPoints, reference);
  return { checksPassed, content, style, sum: content + style, mean: (content + style) / 2 };
}
