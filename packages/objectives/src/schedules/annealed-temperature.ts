/** EAD's decay of the sampling temperature within a response (arXiv 2510.05251; annealed_sampling.py, mode negexp). */
export interface AnnealedTemperature {
  /** Temperature just behind the warm-up; above 1 explores. */
  readonly start: number;
  /** Smallest temperature; must be above 0. */
  readonly floor: number;
  /** d_0, decay constant at the first step; must be above 0. */
  readonly decay: number;
  /** g, what every training step adds to the decay constant, up to `decayCap`. */
  readonly growth: number;
  readonly decayCap: number;
  /** c, response tokens in front that are sampled at temperature 1. */
  readonly warmup: number;
  /**
   * kappa, tokens for a unit of the decay constant. The paper has 1, the rollout code 20: its d_0 = 25 is a time constant
   * of 500 tokens, with which the runs were made.
   */
  readonly scale: number;
}

export const ANNEALED_TEMPERATURE: AnnealedTemperature = {
  ...{ start: 1.2, floor: 0.1, decay: 25, growth: 5, decayCap: 40_000, warmup: 10, scale: 20 },
};

/**
 * Temperature of the response token at `position` (0: the first; prompts do not count) in training step `step`:
 * max(1 + start - exp(position / (scale min(decay + growth step, decayCap))), floor), and 1 during the warm-up. Throws
 * for a floor or a time constant that is not above 0.
 */
export function annealedTemperature(
  position: number,
  step: number,
  schedule: AnnealedTemperature = ANNEALED_TEMPERATURE,
): number {
  const { start, floor, warmup, scale } = schedule;
  const constant = scale * Math.min(schedule.decay + schedule.growth * step, schedule.decayCap);
  if (!(floor > 0)) throw new Error(`annealedTemperature: floor must be above 0, got ${floor}; use 0.1`);
  if (!(constant > 0)) {
    throw new Error(`annealedTemperature: the time constant must be above 0, got ${constant}; raise decay or scale`);
  }
  if (position < warmup) return 1;
  // The exponential may overflow to Infinity, which the floor catches.
  return Math.max(1 + start - Math.exp(position / constant), floor);
}

/** First position, as a real number, at which the schedule reaches its floor: compare it with the longest response. */
export function coolingLength(step: number, schedule: AnnealedTemperature = ANNEALED_TEMPERATURE): number {
  const constant = schedule.scale * Math.min(schedule.decay + schedule.growth * step, schedule.decayCap);
  return Math.max(schedule.warmup, constant * Math.log(1 + schedule.start - schedule.floor));
}
