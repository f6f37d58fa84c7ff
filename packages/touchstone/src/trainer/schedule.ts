/** Learning rate of a training step, the first being 1. */
export type Schedule = (step: number) => number;

export interface ScheduleSettings {
  readonly learningRate: number;
  readonly schedule: 'constant' | 'cosine';
  /** Steps over which the rate rises linearly from 0; the last of them has the full rate. */
  readonly warmupSteps: number;
  /** Share of the full rate at the last step; of `cosine` only. */
  readonly finalShare: number;
}

/**
 * Linear warm-up, then constant, or half a cosine (arXiv 1608.03983, without restarts) from the full rate at the first
 * step after the warm-up down to `finalShare` of it at step `steps`.
 */
export function learningRateSchedule(settings: ScheduleSettings, steps: number): Schedule {
  const { learningRate, schedule, warmupSteps, finalShare } = settings;
  return (step) => {
    if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
    if (schedule === 'constant') return learningRate;
    const span = steps - warmupSteps - 1;
    const progress = span <= 0 ? 0 : Math.min(1, (step - warmupSteps - 1) / span);
    return learningRate * (finalShare + (1 - finalShare) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  };
}
