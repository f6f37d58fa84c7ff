/**
 * RLPR's filter (arXiv 2506.18254, section 2.4; ray_trainer.py of its repository): questions whose rewards spread less
 * than a share of a moving average of that spread are dropped.
 */
export interface SpreadFilterOptions {
  /** Share of the average that a question must reach. */
  readonly beta?: number;
  /** Share of the old average that stays. */
  readonly decay?: number;
  /** First step whose spread counts, steps from 1. */
  readonly recordFrom?: number;
  /** First step that filters: its average is the plain mean of the steps recorded before. */
  readonly filterFrom?: number;
}

/** What the filter carries from step to step. */
export interface SpreadState {
  /** Steps seen. */
  readonly steps: number;
  /** Mean spreads recorded before the first step that filters. */
  readonly recorded: readonly number[];
  readonly average: number | null;
  /** Mean spread of the step before. */
  readonly previous: number;
}

export const SPREAD_START: SpreadState = { steps: 0, recorded: [], average: null, previous: NaN };

export interface SpreadStep {
  readonly state: SpreadState;
  readonly average: number | null;
  readonly threshold: number;
  /** [entries] */
  readonly keep: boolean[];
}

/**
 * One step. `spreads`: standard deviations of final rewards, an entry a group (or a sample, to weigh groups by size), of
 * all that was sampled, before any is dropped. Entries that are not finite are dropped and do not count.
 */
export function spreadStep(
  { steps, recorded, average, previous }: SpreadState,
  spreads: readonly number[],
  { beta = 0.5, decay = 0.99, recordFrom = 6, filterFrom = 11 }: SpreadFilterOptions = {},
): SpreadStep {
  const step = steps + 1;
  const finite = spreads.filter(Number.isFinite);
  const spread = finite.length > 0 ? meanOf(finite) : previous;
  const filters = step >= filterFrom && (average !== null || recorded.length > 0);
  const next = !filters ? null : average === null ? meanOf(recorded) : decay * average + (1 - decay) * previous;
  const threshold = next === null ? 0 : beta * next;
  const isRecorded = step >= recordFrom && step < filterFrom && Number.isFinite(spread);
  return {
    state: { steps: step, recorded: isRecorded ? [...recorded, spread] : recorded, average: next, previous: spread },
    average: next,
    threshold,
    keep: spreads.map((value) => Number.isFinite(value) && value >= threshold),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
