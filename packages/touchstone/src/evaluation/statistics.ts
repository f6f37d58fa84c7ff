import { passAtK } from '@touchstone/objectives';

/** Judged answers to one problem, and how many of them were correct. */
export interface AnswerCount {
  readonly samples: number;
  readonly correct: number;
}

/** Mean pass@k over the problems with at least k judged answers; NaN when there are none. */
export function meanPassAtK(counts: readonly AnswerCount[], k: number): number {
  const enough = counts.filter(({ samples }) => samples >= k);
  return enough.reduce((sum, { samples, correct }) => sum + passAtK(samples, correct, k), 0) / enough.length;
}

/** Two-sided normal quantile of 95 %. */
const Z_95 = 1.959963984540054;

/**
 * Wilson's score interval of 95 % for a proportion `successes / trials` (Wilson 1927, JASA 22, 209-212). `successes` may
 * be a fraction, as a mean over several answers a problem is. [0, 1] without trials.
 */
export function wilsonInterval(successes: number, trials: number): readonly [low: number, high: number] {
  if (!(trials >= 0 && successes >= 0 && successes <= trials)) {
    throw new RangeError(`wilsonInterval: needs 0 <= successes <= trials, got ${successes} of ${trials}`);
  }
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const z2 = Z_95 * Z_95;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Z_95 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  // Exact where nothing or everything succeeded, which the difference of two rounded numbers is not.
  return [successes === 0 ? 0 : Math.max(0, centre - half), successes === trials ? 1 : Math.min(1, centre + half)];
}
