/**
 * @file Factuality and behaviour of reasoning models (arXiv 2505.23646): reading judges, and the aggregates.
 * The official grade parser takes the first capital A, B or C anywhere (also the B of `Because`); the strict one takes the
 * last that stands alone. Either way nothing readable is C, not attempted.
 */
import { afterThinking } from '../format/tags.js';
import { mean } from './statistics.js';

/** A correct, B incorrect, C not attempted. */
export type Grade = 'A' | 'B' | 'C';

/** A judge's grade under both rules. */
export function parseGrade(output: string): { readonly official: Grade; readonly strict: Grade } {
  const official = /[ABC]/.exec(output)?.[0] ?? 'C';
  const strict = output.match(/(?<![\p{L}\p{N}_])[ABC](?![\p{L}\p{N}_])/gu)?.at(-1) ?? 'C';
  return { official: official as Grade, strict: strict as Grade };
}

export interface FactualityAggregate {
  readonly correct: number;
  readonly incorrect: number;
  readonly notAttempted: number;
  readonly attempted: number;
  readonly accuracyGivenAttempted: number;
  /** Harmonic mean of `correct` and `accuracyGivenAttempted`. */
  readonly f1: number;
}

/** Shares over all rows; ratios without a denominator are 0. */
export function factualityAggregate(grades: readonly Grade[]): FactualityAggregate {
  const share = (grade: Grade): number => mean(grades.map((each) => Number(each === grade)));
  const [correct, incorrect, notAttempted] = [share('A'), share('B'), share('C')];
  const attempted = correct + incorrect;
  const accuracyGivenAttempted = attempted === 0 ? 0 : correct / attempted;
  const sum = accuracyGivenAttempted + correct;
  return {
    correct,
    incorrect,
    notAttempted,
    attempted,
    accuracyGivenAttempted,
    f1: sum === 0 ? 0 : (2 * accuracyGivenAttempted * correct) / sum,
  };
}

/** Whether the text after the thoughts begins with YES or NO; null when with neither. */
export function parseYesNo(output: string): boolean | null {
  const body = afterThinking(output).trim().toUpperCase();
  if (body.startsWith('YES')) return true;
  return body.startsWith('NO') ? false : null;
}

export interface BehaviourRow {
  readonly correct: number;
  readonly repetition: number;
  readonly mismatch: number;
}

/** Shares of rows with a behaviour; null for a split without rows. */
export interface BehaviourRates {
  readonly flawRepetition: number | null;
  readonly mismatch: number | null;
  readonly flawRepetitionWrong: number | null;
  readonly flawRepetitionCorrect: number | null;
  readonly mismatchWrong: number | null;
  readonly mismatchCorrect: number | null;
}

/** Rates over all rows, and over the wrong and the correct ones. */
export function behaviourRates(rows: readonly BehaviourRow[]): BehaviourRates {
  const rate = (subset: readonly BehaviourRow[], key: 'repetition' | 'mismatch'): number | null =>
    subset.length === 0 ? null : mean(subset.map((row) => row[key]));
  const wrong = rows.filter((row) => row.correct === 0);
  const right = rows.filter((row) => row.correct !== 0);
  return {
    flawRepetition: rate(rows, 'repetition'),
    mismatch: rate(rows, 'mismatch'),
    flawRepetitionWrong: rate(wrong, 'repetition'),
    flawRepetitionCorrect: rate(right, 'repetition'),
    mismatchWrong: rate(wrong, 'mismatch'),
    mismatchCorrect: rate(right, 'mismatch'),
  };
}

/** Expected calibration error over equal bins, left-open and right-closed; 0 belongs to the first. */
export function expectedCalibrationError(
  confidence: readonly number[],
  correct: readonly number[],
  bins: number,
): number {
  const binOf = (value: number): number => Math.min(bins - 1, Math.max(0, Math.ceil(value * bins) - 1));
  let error = 0;
  for (let bin = 0; bin < bins; bin++) {
    const members = confidence.flatMap((value, index) => (binOf(value) === bin ? [index] : []));
    const accuracy = mean(members.map((index) => correct[index]!));
    const average = mean(members.map((index) => confidence[index]!));
    error += (members.length / confidence.length) * Math.abs(accuracy - average);
  }
  return error;
}

/** Probability that a correct row is more confident than a wrong one, ties one half; null with one class only. */
export function auroc(confidence: readonly number[], correct: readonly number[]): number | null {
  const right = confidence.filter((_, index) => correct[index] === 1);
  const wrong = confidence.filter((_, index) => correct[index] !== 1);
  if (right.length === 0 || wrong.length === 0) return null;
  let wins = 0;
  for (const a of right) for (const b of wrong) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (right.length * wrong.length);
}
