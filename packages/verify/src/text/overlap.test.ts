import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRefusal } from './refusal.js';
import { keywordAlignment, matchKeywords } from './keywords.js';
import { concisenessRewards, cosineLengthReward, overlongPenalty, plateauLengthReward } from './length-shaping.js';
import { bleu, lcsLength, rougeL, tokenF1 } from './overlap.js';
import { longestRun, repetition } from './repetition.js';

const tokens = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

/** Straight from the definition, for small inputs. */
function lcsByRecursion(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return 0;
  if (left[0] === right[0]) return 1 + lcsByRecursion(left.slice(1), right.slice(1));
  return Math.max(lcsByRecursion(left.slice(1), right), lcsByRecursion(left, right.slice(1)));
}

describe('overlap', () => {
  test('the longest common subsequence is what its definition says', () => {
    const short = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });
    fc.assert(
      fc.property(short, short, (left, right) => {
        expect(lcsLength(left, right)).toBe(lcsByRecursion(left, right));
      }),
    );
  });

  test('every score lies in [0, 1] and is 1 for equal texts', () => {
    fc.assert(
      fc.property(tokens, tokens, (left, right) => {
        for (const score of [
          tokenF1(left, right),
          rougeL(left, right)!,
          bleu(left, right),
          bleu(left, right, { lengthAware: true }),
        ]) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-12);
        }
        if (left.length > 0) {
          expect(tokenF1(left, left)).toBe(1);
          expect(rougeL(left, left)).toBe(1);
          expect(bleu(left, left, { lengthAware: true })).toBeCloseTo(1, 12);
        }
      }),
    );
  });

  test('plain BLEU of a short answer is 0, the length-aware one is not', () => {
    expect(bleu(['paris'], ['paris'])).toBe(0);
    expect(bleu(['paris'], ['paris'], { lengthAware: true })).toBe(1);
    expect(bleu(['paris'], ['the', 'city', 'of', 'paris'], { lengthAware: true })).toBeCloseTo(Math.exp(-3), 12);
  });

  test('sequences too long to compare are refused, not attempted', () => {
    const long = Array.from({ length: 6000 }, (_, index) => index);
    expect(lcsLength(long, long)).toBeNull();
  });
});

describe('keywords', () => {
  test('the earlier keyword of the list wins at one place, whole words only', () => {
    expect(matchKeywords(['cat', 'cat-like'], 'A cat-like cat; concat (CAT)')).toEqual(['cat', 'cat', 'cat']);
    expect(matchKeywords(['', ' '], 'a b')).toEqual([]);
  });

  test('stuffing scores less than a clean mention', () => {
    const reference = 'solar panels make electricity';
    const keywords = ['solar panels', 'electricity'];
    expect(keywordAlignment(keywords, reference, reference)).toBe(1);
    expect(keywordAlignment(keywords, 'solar panels '.repeat(5) + 'electricity '.repeat(5), reference)).toBeCloseTo(
      0.2,
    );
  });
});

describe('length and repetition', () => {
  test('the cosine runs from one end to the other', () => {
    const shape = {
      correct: { atZero: 2, atLongest: 1 },
      wrong: { atZero: -10, atLongest: 0 },
      longest: 100,
      exceeded: -10,
    };
    expect(cosineLengthReward(0, true, shape)).toBe(2);
    expect(cosineLengthReward(50, true, shape)).toBeCloseTo(1.5);
    expect(cosineLengthReward(50, false, shape)).toBeCloseTo(-5);
    expect(cosineLengthReward(100, true, shape)).toBe(-10);
  });

  test('overlong answers are punished linearly inside the buffer', () => {
    expect([80, 81, 90, 100, 101].map((length) => overlongPenalty(length, 100, 20))).toEqual([0, -0.05, -0.5, -1, -1]);
    expect([100, 101].map((length) => overlongPenalty(length, 100, 0))).toEqual([0, -1]);
  });

  test('shorter right answers earn more, wrong ones never gain', () => {
    expect(concisenessRewards([10, 20, 10], [true, true, false])).toEqual([0.5, -0.5, 0]);
    expect(concisenessRewards([5, 5], [true, false])).toEqual([0, 0]);
    expect([10, 60, 250, 400].map((length) => plateauLengthReward(length, 20, 100, 400))).toEqual([0, 0.5, 1, 0]);
  });

  test('repetition counts repeated n-grams', () => {
    expect(repetition(['x', 'x', 'x', 'x', 'x', 'x'], 2)).toBeCloseTo(0.8);
    expect(repetition(['a'], 2)).toBe(0);
    expect(longestRun(['a', 'b', 'b', 'b', 'a'])).toBe(3);
  });

  test('refusals are recognised with either apostrophe', () => {
    expect(isRefusal('Sorry, I can’t comply')).toBe(true);
    expect(isRefusal('Sure, here it is')).toBe(false);
  });
});
