import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cotCorrect, cotPassAtK, expectedCotAdvantage, voteRules } from './cot-pass-k.js';

describe('cotPassAtK', () => {
  test('never above pass@k, monotone in k, and stricter rules give less', () => {
    const sample = fc.record({ answer: fc.boolean(), votes: fc.array(fc.boolean(), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 4, maxLength: 12 }), (samples) => {
        const prompt = { answers: samples.map(({ answer }) => answer), votes: samples.map(({ votes }) => votes) };
        const [any, majority, all] = voteRules.map((rule) => cotPassAtK([prompt], [1, 2, 4], rule));
        any!.cotPassAtK.forEach((value, i) => {
          expect(value).toBeLessThanOrEqual(any!.passAtK[i]!);
          expect(majority!.cotPassAtK[i]).toBeLessThanOrEqual(value);
          expect(all!.cotPassAtK[i]).toBeLessThanOrEqual(majority!.cotPassAtK[i]!);
          if (i > 0) expect(value).toBeGreaterThanOrEqual(any!.cotPassAtK[i - 1]! - 1e-12);
        });
      }),
    );
  });

  test('a prompt without right answers does not pull P(CC | CA) down', () => {
    const none = { answers: [false, false], votes: [[], []] };
    const right = { answers: [true, false], votes: [[true], []] };
    expect(cotPassAtK([none, right], [1], 'all').reasoningRate).toBe(1);
    expect(cotPassAtK([none], [1], 'all').reasoningRate).toBeNull();
    expect(() => cotPassAtK([{ answers: [true], votes: [] }], [1], 'any')).toThrow(/one vote list an answer/);
  });

  test('no votes is no verdict', () => {
    for (const rule of voteRules) expect(cotCorrect([], rule)).toBe(false);
  });
});

test('wrong reasoning is reinforced where it answers better', () => {
  const prior = { reasoningRate: 0.4, answerGivenRight: 0.2, answerGivenWrong: 0.7 };
  const { rightReasoning, wrongReasoning } = expectedCotAdvantage(prior);
  expect(rightReasoning).toBeLessThan(0);
  expect(wrongReasoning).toBeGreaterThan(0);
  expect(0.4 * rightReasoning + 0.6 * wrongReasoning).toBeCloseTo(0, 12);
});
