/**
 * @file Policy-grounded classification (arXiv 2512.20061): a shaped reward, calibrated probabilities, and the metrics.
 *
 *   R = a_acc R_acc + a_fmt R_fmt + a_len R_len + a_rub R_rub
 *
 * The paper names the components; their shapes and weights here are ours. Length and rubric are paid for wrong labels too.
 */
import { plateauLengthReward } from '../text/length-shaping.js';
import { mean, standardDeviation } from './statistics.js';

export interface ModerationRollout {
  readonly predicted: number;
  readonly gold: number;
  /** Reasoning length in tokens. */
  readonly length: number;
  /** The rubric judge's score in [0, 1]. */
  readonly rubric: number;
  readonly parsed: boolean;
}

export interface ModerationShape {
  readonly weights: {
    readonly accuracy: number;
    readonly format: number;
    readonly length: number;
    readonly rubric: number;
  };
  /** No length credit below `least`, full from `target`, none from `most` on. */
  readonly length: { readonly least: number; readonly target: number; readonly most: number };
}

/** The weighted sum; an output that does not parse loses accuracy and format. */
export function moderationReward(rollout: ModerationRollout, { weights, length }: ModerationShape): number {
  const isRight = rollout.parsed && rollout.predicted === rollout.gold;
  return (
    weights.accuracy * Number(isRight) +
    weights.format * Number(rollout.parsed) +
    weights.length * plateauLengthReward(rollout.length, length.least, length.target, length.most) +
    weights.rubric * rollout.rubric
  );
}

/** Mean of the label probabilities after several sampled reasonings, and their population deviation. */
export function monteCarloProbability(probabilities: readonly number[]): {
  readonly probability: number;
  readonly std: number;
} {
  return { probability: mean(probabilities), std: standardDeviation(probabilities, 0) };
}

/** y(x) = floor + (asymptote - floor) / (1 + (midpoint / x)^slope) for x > 0. */
export function sigmoidScaling(
  x: number,
  curve: { readonly asymptote: number; readonly slope: number; readonly midpoint: number; readonly floor: number },
): number {
  return curve.floor + (curve.asymptote - curve.floor) / (1 + (curve.midpoint / x) ** curve.slope);
}

/** Best recall among thresholds whose precision reaches `precision`; equal probabilities enter together; 0 if none does. */
export function recallAtPrecision(
  probabilities: readonly number[],
  labels: readonly number[],
  precision: number,
): number {
  const positives = labels.filter((label) => label === 1).length;
  const thresholds = [...new Set(probabilities)].sort((a, b) => b - a);
  let best = 0;
  for (const threshold of thresholds) {
    const accepted = labels.filter((_, index) => probabilities[index]! >= threshold);
    const hits = accepted.filter((label) => label === 1).length;
    if (positives > 0 && hits / accepted.length >= precision) best = Math.max(best, hits / positives);
  }
  return best;
}

/** F1 of the class 1; 0 when there is nothing to find and nothing was found. */
export function binaryF1(predicted: readonly number[], labels: readonly number[]): number {
  const hits = labels.filter((label, index) => label === 1 && predicted[index] === 1).length;
  const found = predicted.filter((label) => label === 1).length;
  const present = labels.filter((label) => label === 1).length;
  return found + present === 0 ? 0 : (2 * hits) / (found + present);
}
