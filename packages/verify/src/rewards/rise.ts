/**
 * @file RISE (arXiv 2505.13445): one verifiable reward for solving, and one for rating a solution with that same reward.
 * Solution: 1 right, -0.5 a wrong box, -1 no box. Rating: 1 equal to the solution's reward, -0.5 another, -1 no box. The
 * last box counts.
 */
import { lastCommand } from '../format/tags.js';
import { mathEqual } from '../math/verify.js';

const RIGHT = 1;
const WRONG = -0.5;
const NO_BOX = -1;

/** Reward of a solution, and with it the rating that is right. */
export function solutionReward(response: string, reference: string): number {
  const answer = lastCommand(response, 'boxed');
  if (answer === null) return NO_BOX;
  return mathEqual(answer, reference) ? RIGHT : WRONG;
}

/**
 * Reward of a rating of a solution that earned `rated`: numbers are compared, whatever their notation. Throws for a
 * reward that no solution can earn.
 */
export function ratingReward(response: string, rated: number): number {
  ratingTarget(rated);
  const rating = lastCommand(response, 'boxed');
  if (rating === null) return NO_BOX;
  return rating !== '' && Number(rating) === rated ? RIGHT : WRONG;
}

/** How the right rating is written. Throws for a reward that no solution can earn. */
export function ratingTarget(rated: number): string {
  if (rated !== RIGHT && rated !== WRONG && rated !== NO_BOX) {
    throw new Error(`ratingTarget: a solution earns 1, -0.5 or -1, got ${rated}; score it with solutionReward`);
  }
  return rated.toFixed(1);
}
