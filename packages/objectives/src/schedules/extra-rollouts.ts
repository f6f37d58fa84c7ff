/** What sets how many more rollouts a hard prompt gets (DARS, arXiv 2508.13755; schedule_ET, schedule_HW). */
export interface ExtraRollouts {
  /**
   * `equal`: up to the advantage mass of a prompt with accuracy 1/2; `hardness`: up to 2 (1 - accuracy) times that mass.
   */
  readonly schedule: 'equal' | 'hardness';
  /** Rollouts that every prompt has had. */
  readonly n: number;
  /** Most rollouts of a prompt in both phases together. */
  readonly most: number;
  /** Whether advantages are divided by the standard deviation. */
  readonly byStd: boolean;
}

/** Sum of absolute advantages a rollout at that accuracy of 0/1 rewards: 2 a (1 - a), or 2 sqrt(a (1 - a)) by std. */
export function advantageMass(accuracy: number, byStd: boolean): number {
  const spread = accuracy * (1 - accuracy);
  return 2 * (byStd ? Math.sqrt(spread) : spread);
}

/**
 * Rollouts to add for a prompt of that accuracy: 0 from 1/2 on. With accuracy 0 the mass is that of 1 / (2n). Fewer than
 * n rollouts are never taken back.
 */
export function extraRollouts(accuracy: number, { schedule, n, most, byStd }: ExtraRollouts): number {
  const a = accuracy === 0 ? 0.5 / n : accuracy;
  if (a >= 0.5) return 0;
  const mass = advantageMass(a, byStd);
  const target = n * advantageMass(0.5, byStd) * (schedule === 'hardness' ? 2 * (1 - a) : 1);
  return Math.max(0, Math.min(Math.ceil((target - n * mass) / mass), most - n));
}
