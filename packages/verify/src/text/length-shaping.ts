/** @file Rewards that depend on length. Lengths are in tokens; every function is pure and defined for any length. */

/** The two ends of a cosine: the reward at length 0 and at the longest length. */
export interface CosineRange {
  readonly atZero: number;
  readonly atLongest: number;
}

/**
 * Cosine length reward (Yeo et al., arXiv 2502.03373, equation 1): half a cosine from `atZero` to `atLongest` over
 * [0, longest], with other ends for right and wrong answers, and `exceeded` at or beyond `longest`.
 */
export function cosineLengthReward(
  length: number,
  isCorrect: boolean,
  shape: {
    readonly correct: CosineRange;
    readonly wrong: CosineRange;
    readonly longest: number;
    readonly exceeded: number;
  },
): number {
  if (length >= shape.longest) return shape.exceeded;
  const { atZero, atLongest } = isCorrect ? shape.correct : shape.wrong;
  return atLongest + 0.5 * (atZero - atLongest) * (1 + Math.cos((Math.PI * Math.max(0, length)) / shape.longest));
}

/**
 * Soft overlong punishment (DAPO, arXiv 2503.14476, equation 13): 0 up to `longest - buffer`, then linear down to -1 at
 * `longest`, and -1 beyond. A buffer of 0 makes a hard edge.
 */
export function overlongPenalty(length: number, longest: number, buffer: number): number {
  const soft = longest - buffer;
  if (length <= soft) return 0;
  return length > longest ? -1 : (soft - length) / buffer;
}

/**
 * Conciseness within a group (Kimi k1.5, arXiv 2501.12599, section 2.3.3): lambda = 1/2 - (length - shortest) / (longest -
 * shortest); a right answer earns lambda, a wrong one min(0, lambda). All zero when every length is the same.
 */
export function concisenessRewards(lengths: readonly number[], isCorrect: readonly boolean[]): number[] {
  const shortest = Math.min(...lengths);
  const longest = Math.max(...lengths);
  if (shortest === longest) return lengths.map(() => 0);
  return lengths.map((length, index) => {
    const lambda = 0.5 - (length - shortest) / (longest - shortest);
    return isCorrect[index] ? lambda : Math.min(0, lambda);
  });
}

/** No credit below `least`, linear up to full credit at `target`, a plateau, and nothing from `most` on. */
export function plateauLengthReward(length: number, least: number, target: number, most: number): number {
  if (length >= most) return 0;
  return Math.min(1, Math.max(0, (length - least) / (target - least)));
}
