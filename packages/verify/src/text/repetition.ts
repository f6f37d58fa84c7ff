/** @file How much a text repeats itself. */
import { ngrams } from './overlap.js';

/** Share of the n-grams that are repeats: 1 - different / all, in [0, 1). 0 for fewer than `order` tokens. */
export function repetition(tokens: readonly (string | number)[], order: number): number {
  const runs = ngrams(tokens, order);
  return runs.length === 0 ? 0 : 1 - new Set(runs).size / runs.length;
}

/** Length of the longest run of one and the same token. */
export function longestRun(tokens: readonly unknown[]): number {
  let longest = 0;
  let current = 0;
  for (const [index, token] of tokens.entries()) {
    current = index > 0 && token === tokens[index - 1] ? current + 1 : 1;
    longest = Math.max(longest, current);
  }
  return longest;
}
