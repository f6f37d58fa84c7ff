import type { Evaluation } from '../evaluation/evaluate.js';
import type { ScoredRollout } from '../rollout/rollout.js';
import type { StepMetrics } from '../trainer/step-metrics.js';
import type { TrainResult } from './train.js';

/** What someone who watches a run is told, in order. Nothing that it does changes the run. */
export interface RunObserver {
  /** Before the first step of this session; `from` is the step it goes on from, 0 for a new run. */
  started(run: { readonly name: string; readonly folder: string; readonly steps: number; readonly from: number }): void;
  /** While held-out tasks are answered. */
  evaluating(step: number, done: number, tasks: number): void;
  evaluated(step: number, evaluation: Evaluation): void;
  /** `sample` is one rollout of the step, for the eye. */
  stepped(step: {
    readonly metrics: StepMetrics;
    readonly timings: Readonly<Record<string, number>>;
    readonly sample: ScoredRollout | undefined;
  }): void;
  /** One sentence for people, such as a run without signal. */
  notice(sentence: string): void;
  finished(result: TrainResult): void;
}

export const silentObserver: RunObserver = {
  started: () => undefined,
  evaluating: () => undefined,
  evaluated: () => undefined,
  stepped: () => undefined,
  notice: () => undefined,
  finished: () => undefined,
};
