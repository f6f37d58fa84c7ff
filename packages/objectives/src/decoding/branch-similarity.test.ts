import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editRatio, rougeL, suffixMatch } from './branch-similarity.js';

/** Two sequences of the same length over few tokens, so that they often share runs. */
const pair = fc
  .integer({ min: 1, max: 7 })
  .chain((length) =>
    fc.tuple(...[0, 1].map(() => fc.array(fc.integer({ min: 0, max: 2 }), { minLength: length, maxLength: length }))),
  );

/** Every subsequence as text. */
function subsequences(tokens: readonly number[]): Set<string> {
  return tokens.reduce((all, token) => new Set([...all, ...[...all].map((each) => `${each}${token}`)]), new Set(['']));
}

test('the longest common subsequence is the longest of all that both have', () => {
  fc.assert(
    fc.property(pair, ([a = [], b = []]) => {
      const others = subsequences(b);
      const shared = [...subsequences(a)].filter((each) => others.has(each)).map((each) => each.length);
      expect(rougeL(a, b)).toBeCloseTo(Math.max(...shared) / a.length, 12);
    }),
  );
});

test('the longest suffix within the other is the longest of all that occur there', () => {
  fc.assert(
    fc.property(pair, ([a = [], b = []]) => {
      const longest = (x: readonly number[], y: readonly number[]) =>
        Math.max(...x.map((_, i) => x.slice(i)).map((end) => (y.join('').includes(end.join('')) ? end.length : 0)));
      expect(suffixMatch(a, b)).toBeCloseTo(Math.max(longest(a, b), longest(b, a)) / a.length, 12);
    }),
  );
});

test('equal sequences are as alike as can be, sequences without a common token as little', () => {
  expect([editRatio, suffixMatch, rougeL].map((test) => test([3, 1, 2], [3, 1, 2]))).toEqual([0, 1, 1]);
  expect([editRatio, suffixMatch, rougeL].map((test) => test([3, 1, 2], [4, 5, 6]))).toEqual([1, 0, 0]);
});

test('tests count tokens, not their digits', () => {
  expect(editRatio([12, 3], [1, 23])).toBe(1);
  expect(editRatio([1, 2, 3, 4], [2, 3, 4, 1])).toBe(0.5);
});
