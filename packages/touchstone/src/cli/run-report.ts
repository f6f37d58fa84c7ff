import type { Evaluation } from '../evaluation/evaluate.js';
import type { TrainResult } from '../run/train.js';
import type { StepMetrics } from '../trainer/step-metrics.js';
import { duration, figure, flow, percent, sparkline } from './text.js';

/** Held-out results so far, in order. */
export type EvaluationHistory = readonly { readonly step: number; readonly evaluation: Evaluation }[];

/** The figures of a step that the terminal shows, in this order. */
export function stepPieces(metrics: StepMetrics, tokensPerSecond: number | undefined): string[] {
  const without = metrics.groupsWithoutSignal ?? 0;
  return [
    `reward ${figure(metrics.reward)}`,
    `accuracy ${percent(metrics.accuracy ?? Number.NaN)}`,
    `entropy ${figure(metrics.entropy)}`,
    `KL ${figure(metrics.refKl ?? metrics.samplerKl)}`,
    `length ${figure(metrics.length)}`,
    ...(without > 0 ? [`no signal ${without}/${metrics.groups ?? 0}`] : []),
    `${figure(tokensPerSecond)} tok/s`,
  ];
}

/** One line about held-out tasks. */
export function evaluationLine({ accuracy, interval, passAt, samples }: Evaluation): string {
  const [low, high] = interval;
  const passed = samples > 1 ? `, pass@${samples} ${percent(passAt[samples] ?? Number.NaN)}` : '';
  return `accuracy ${percent(accuracy)} (${percent(low)} to ${percent(high)})${passed}`;
}

/** What a finished run prints: before and after, with the curve. */
export function finalLines(result: TrainResult, history: EvaluationHistory, columns: number): string[] {
  const { before, after, steps, seconds, run } = result;
  const points = 100 * (after.accuracy - before.accuracy);
  const sign = points >= 0 ? '+' : '';
  const accuracies = history.map(({ evaluation }) => evaluation.accuracy);
  const lines = [
    [
      'held-out accuracy',
      `before ${percent(before.accuracy)}`,
      `after ${percent(after.accuracy)}`,
      `(${sign}${points.toFixed(1)} points)`,
    ],
    ...(before.passAt8 === null || after.passAt8 === null
      ? []
      : [['held-out pass@8  ', `before ${percent(before.passAt8)}`, `after ${percent(after.passAt8)}`]]),
    ['curve from 0 to 100 %', sparkline(accuracies, Math.max(1, columns - 24), [0, 1])],
  ];
  // The path stays whole, however narrow the terminal: it is there to be copied.
  return [
    ...lines.flatMap((pieces) => flow(pieces, columns)),
    `${steps} steps in ${duration(seconds)}; the run is in ${run}`,
  ];
}

/** Seconds until the end, from the pace of this session. */
export function secondsLeft(startedMs: number, from: number, step: number, steps: number): number {
  const done = step - from;
  return done <= 0 ? Number.NaN : ((performance.now() - startedMs) / 1000 / done) * (steps - step);
}
