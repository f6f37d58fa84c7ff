/** `truth`: the verifier's; `random`: 1 with probability p whatever the answer; `inverted`: 1 for wrong answers. */
export const rewardArms = ['truth', 'random', 'inverted'] as const;

export type RewardArm = (typeof rewardArms)[number];

/**
 * Reward of a response in an experiment about spurious rewards (arXiv 2512.16912). `uniform`: a number in [0, 1) drawn
 * for this response from a stream of its own; a draw for each prompt would leave every group without signal.
 */
export function spuriousReward(arm: RewardArm, correct: boolean, uniform: number, p = 0.5): number {
  switch (arm) {
    case 'truth':
      return correct ? 1 : 0;
    case 'random':
      return uniform < p ? 1 : 0;
    case 'inverted':
      return correct ? 0 : 1;
  }
}
