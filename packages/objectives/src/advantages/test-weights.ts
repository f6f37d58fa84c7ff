/** [attempts][tests] 1 where the attempt passes the test; an attempt without code, or out of time, passes none. */
export type TestOutcomes = readonly (readonly number[])[];

export interface TestWeighting {
  /** How fast the weight falls with the pass rate. */
  readonly alpha: number;
  /** Bandwidth of the density on the axis of pass rates; above 0. */
  readonly sigma: number;
  /** Keeps the division finite. */
  readonly delta: number;
}

/** Share of all attempts of a group, of every turn alike, that pass each test. Empty without attempts. */
export function testPassRates(attempts: TestOutcomes): number[] {
  const tests = attempts[0]?.length ?? 0;
  return Array.from({ length: tests }, (_, j) => {
    let passed = 0;
    for (const attempt of attempts) passed += attempt[j]!;
    return passed / attempts.length;
  });
}

/**
 * Weights of tests by their pass rates rho in the group that is scored (VeRPO, arXiv 2601.03525, equations 7 to 9):
 * difficulty exp(-alpha rho) over density sum_j' exp(-(rho - rho_j')^2 / (2 sigma^2)), itself included and not divided by
 * the number of tests.
 */
export function testWeights(
  passRates: readonly number[],
  { alpha, sigma, delta }: TestWeighting,
): { readonly difficulty: number[]; readonly density: number[]; readonly weights: number[] } {
  const difficulty = passRates.map((rate) => Math.exp(-alpha * rate));
  const density = passRates.map((rate) =>
    passRates.reduce((sum, other) => sum + Math.exp(-((rate - other) ** 2) / (2 * sigma ** 2)), 0),
  );
  return { difficulty, density, weights: difficulty.map((value, j) => value / (density[j]! + delta)) };
}

/** Reward of each attempt: the weights of the tests that it passes. */
export function attemptRewards(attempts: TestOutcomes, weights: readonly number[]): number[] {
  return attempts.map((attempt) => attempt.reduce((sum, passed, j) => sum + weights[j]! * passed, 0));
}
