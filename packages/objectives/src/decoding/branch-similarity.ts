import { editDistance } from '../nearest.js';

/**
 * How alike the last tokens of a branch and of its parent are: the tests of LATR (arXiv 2510.24302). Both sequences have
 * the same length of at least one token.
 */
type Tokens = ArrayLike<number>;

/** Levenshtein distance over the length, in [0, 1]: 0 for equal sequences. */
export function editRatio(a: Tokens, b: Tokens): number {
  return editDistance(a, b) / a.length;
}

/** The longest suffix of either that lies anywhere in the other, over the length, in [0, 1]. */
export function suffixMatch(a: Tokens, b: Tokens): number {
  return Math.max(longestSuffixWithin(a, b), longestSuffixWithin(b, a)) / a.length;
}

/** ROUGE-L F1: with equal lengths the longest common subsequence over the length, in [0, 1]. */
export function rougeL(a: Tokens, b: Tokens): number {
  const common = commonSubsequence(a, b);
  const [precision, recall] = [common / a.length, common / b.length];
  return common === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Tokens of the longest suffix of `a` that is a run of `b`. */
function longestSuffixWithin(a: Tokens, b: Tokens): number {
  let longest = 0;
  for (let end = b.length; end > longest; end--) {
    let length = 0;
    while (length < Math.min(a.length, end) && a[a.length - 1 - length] === b[end - 1 - length]) length++;
    longest = Math.max(longest, length);
  }
  return longest;
}

function commonSubsequence(a: Tokens, b: Tokens): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (let i = 0; i < a.length; i++) {
    const next = [0];
    for (let j = 0; j < b.length; j++) {
      next.push(a[i] === b[j] ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!));
    }
    row = next;
  }
  return row[b.length]!;
}
