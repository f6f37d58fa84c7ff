/** Parts of a step whose wall-clock time is kept apart. `waiting`: for the next step's rollouts, where they overlap. */
export type StepPart = 'sample' | 'judge' | 'reward' | 'forward' | 'loss' | 'backward' | 'waiting' | 'optimizer';

/** Adds up wall-clock seconds by part. Its readings never enter the metrics, which are the same in every run of a seed. */
export class Stopwatch {
  private readonly started = performance.now();
  private readonly parts = new Map<StepPart, number>();

  async time<T>(part: StepPart, work: () => T | Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.parts.set(part, (this.parts.get(part) ?? 0) + (performance.now() - from) / 1000);
    }
  }

  /** Seconds a part, and `total` since the watch was made. */
  seconds(): Readonly<Record<string, number>> {
    return { ...Object.fromEntries(this.parts), total: (performance.now() - this.started) / 1000 };
  }
}
