/**
 * SAGA (arXiv 2507.06920, definitions 1 and 2, section 2.2, appendices B and C): how good a test suite is, measured on
 * solutions known to be wrong.
 *
 * A fail matrix F is [wrong solutions][tests], true where the test rejects the solution. Problems without a wrong
 * solution measure nothing and are left out of the means.
 */
import { part } from '../define.js';

export const saga = part({
  title: 'SAGA suite metrics',
  source: 'arXiv 2507.06920',
  kinds: ['metric'],
  summary: 'Detection rate, verifier accuracy, diversity and accuracy curve of test suites on known wrong solutions.',
  vectors: 'saga',
  needs: [],
});

export type FailMatrix = readonly (readonly boolean[])[];

export interface VerifierQuality {
  /** [problems] Share of wrong solutions that some test rejects; 0 without wrong solutions. */
  readonly detectionRates: readonly number[];
  /** Rejected wrong solutions over all of them. */
  readonly detectionRateMicro: number;
  /** Mean over problems. */
  readonly detectionRateMacro: number;
  /** [problems] 1 iff every wrong solution is rejected. */
  readonly accuracies: readonly number[];
  /** Mean over problems. */
  readonly accuracy: number;
}

/** Detection rate and verifier accuracy. 0 without a wrong solution anywhere. */
export function verifierQuality(problems: readonly FailMatrix[]): VerifierQuality {
  const rejected = problems.map((matrix) => matrix.filter((row) => row.some(Boolean)).length);
  const counted = (values: readonly number[]) => mean(values.filter((_, i) => problems[i]!.length > 0));
  const detectionRates = rejected.map((count, i) => (count > 0 ? count / problems[i]!.length : 0));
  const accuracies = rejected.map((count, i): number => (count > 0 && count === problems[i]!.length ? 1 : 0));
  const solutions = problems.reduce((sum, matrix) => sum + matrix.length, 0);
  return {
    detectionRates,
    detectionRateMicro: solutions > 0 ? rejected.reduce((sum, count) => sum + count, 0) / solutions : 0,
    detectionRateMacro: counted(detectionRates),
    accuracies,
    accuracy: counted(accuracies),
  };
}

/** Distinct non-silent columns of F, and their number over all tests, silent ones included (0 without tests). */
export function errorPatterns(matrix: FailMatrix): { readonly distinct: number; readonly ratio: number } {
  const tests = matrix[0]?.length ?? 0;
  const patterns = new Set<string>();
  for (let test = 0; test < tests; test++) {
    const pattern = matrix.map((row) => (row[test] === true ? '1' : '0')).join('');
    if (pattern.includes('1')) patterns.add(pattern);
  }
  return { distinct: patterns.size, ratio: tests > 0 ? patterns.size / tests : 0 };
}

/** Verifier accuracy of the first k tests of every problem, for each k; a shorter suite gives all it has. */
export function accuracyCurve(problems: readonly FailMatrix[], testCounts: readonly number[]): number[] {
  return testCounts.map(
    (count) => verifierQuality(problems.map((matrix) => matrix.map((row) => row.slice(0, count)))).accuracy,
  );
}

/** Trapezoid area under a curve over ascending test counts, divided by their span. One point gives its own value. */
export function accuracyArea(testCounts: readonly number[], accuracies: readonly number[]): number {
  const span = (testCounts.at(-1) ?? 0) - (testCounts[0] ?? 0);
  if (span === 0) return accuracies[0] ?? 0;
  let area = 0;
  for (let i = 1; i < testCounts.length; i++) {
    area += ((accuracies[i - 1]! + accuracies[i]!) / 2) * (testCounts[i]! - testCounts[i - 1]!);
  }
  return area / span;
}

export interface DetectionBound {
  /** n / (1 + (n - 1) correlation) */
  readonly effectiveTests: number;
  /** 1 - (1 - potency)^effectiveTests */
  readonly bound: number;
  /** That of infinitely many tests. */
  readonly limit: number;
}

/** What n tests can detect that each expose an error with chance `potency` and fail together with `correlation`. */
export function detectionBound(tests: number, potency: number, correlation: number): DetectionBound {
  const effectiveTests = tests / (1 + (tests - 1) * correlation);
  const detected = (count: number) => (potency > 0 ? 1 - (1 - potency) ** count : 0);
  return {
    effectiveTests,
    bound: detected(effectiveTests),
    limit: detected(correlation > 0 ? 1 / correlation : Infinity),
  };
}

function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
