import { expect, test } from 'vitest';
import { parseFinalScore, turnScore } from './ppr-renorm.js';
import { ratingReward, ratingTarget, solutionReward } from './rise.js';

test('the last tag of a judge counts, also where an earlier one could be read', () => {
  expect(turnScore('<final_score>4,4</final_score> or rather <final_score>good</final_score>')).toBeNull();
  expect(parseFinalScore('<final_score>1,4 <final_score>2,4</final_score>')).toEqual([2, 4]);
  expect(turnScore('<final_score>0,5</final_score>')).toBe(0);
  expect(turnScore('<final_score>'.repeat(20_000))).toBeNull();
});

test('a rating is compared as a number, and words are a wrong rating', () => {
  expect(ratingReward('\\boxed{-.50}', -0.5)).toBe(1);
  expect(ratingReward('\\boxed{}', -1)).toBe(-0.5);
  expect(ratingReward('\\boxed{one}', 1)).toBe(-0.5);
  expect(ratingReward('\\boxed{1} no, \\boxed{-1}', 1)).toBe(-0.5);
  expect(() => ratingTarget(0)).toThrow(/got 0/);
});

test('a box that is not closed is no box', () => {
  expect(solutionReward('\\boxed{\\frac{1}{2}}', '0.5')).toBe(1);
  expect(solutionReward('\\boxed{\\frac{1}{2}', '0.5')).toBe(-1);
});
