/**
 * Rewards of a judge that scores two responses (Writing-Zero, arXiv 2506.00103; the margin and position terms are not
 * published in full, their forms here are inferred).
 */
export interface PairScores {
  readonly chosen: number;
  readonly rejected: number;
}

/** +1, 0 or -1 as the judge scores the preferred response higher, equally or lower; -1 for a broken format. */
export function preferenceReward({ chosen, rejected }: PairScores, isFormatted = true): number {
  return isFormatted ? Math.sign(chosen - rejected) : -1;
}

/** `preferenceReward - weight max(0, 1 - |difference| / margin)`: close scores cost up to `weight`. */
export function marginReward(scores: PairScores, margin: number, weight: number): number {
  const distance = Math.abs(scores.chosen - scores.rejected);
  return preferenceReward(scores) - weight * Math.max(0, 1 - distance / margin);
}

/** How often the response shown first wins, and the bias |2 rate - 1|. 1/2 and 0 without judgements. */
export function firstPositionRate(prefersFirst: readonly boolean[]): { readonly rate: number; readonly bias: number } {
  const first = prefersFirst.reduce((sum, flag) => sum + (flag ? 1 : 0), 0);
  const rate = prefersFirst.length > 0 ? first / prefersFirst.length : 0.5;
  return { rate, bias: Math.abs(2 * rate - 1) };
}

/** [judgements] What each loses: `weight` times the bias where it picks the position that its group prefers too often. */
export function positionPenalties(prefersFirst: readonly boolean[], weight: number): number[] {
  const { rate, bias } = firstPositionRate(prefersFirst);
  return prefersFirst.map((flag) => (rate !== 0.5 && flag === rate > 0.5 ? weight * bias : 0));
}
