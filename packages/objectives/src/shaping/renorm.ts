export interface RenormOptions {
  /** Largest process score; with it a turn never earns where the answer is wrong nor pays where it is right. */
  readonly beta: number;
  /** What a turn gets whose judge failed: the code takes its score as 0; `skip` leaves the turn without reward. */
  readonly failedJudge: 'zero' | 'skip';
}

export const RENORM: RenormOptions = { beta: 1, failedJudge: 'zero' };

/**
 * Rewards of the turns of one trajectory (PPR's ReNorm, arXiv 2509.25598): score + outcome - beta for every turn but the
 * last, the outcome for the last. `scores`: of the turns but the last, in [0, beta]; null: the judge gave none.
 */
export function renormTurns(
  scores: readonly (number | null)[],
  outcome: number,
  { beta, failedJudge }: RenormOptions = RENORM,
): number[] {
  const turns = scores.map((score) => {
    if (score === null && failedJudge === 'skip') return 0;
    return (score ?? 0) + outcome - beta;
  });
  return [...turns, outcome];
}
