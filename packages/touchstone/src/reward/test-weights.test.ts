import { attemptRewards, testPassRates, testWeights } from '@touchstone/objectives';
import type { Verdict } from '@touchstone/verify';
import { closeSandboxes, verifyCode, type TestSuite } from '@touchstone/verify/code';
import { afterAll, expect, it } from 'vitest';
import type { RolloutContext } from '../rollout/strategy.js';
import { scoredRollout, someTask } from '../testing/rollouts.js';
import { verdictReward } from './reward.js';

afterAll(() => closeSandboxes());

const inputs = [0, 1, 2, 3, -4] as const;
/** The absolute value of a number: attempts that pass all tests, most of them, the rare one only, and none. */
const attempts = ['abs(n)', 'n', 'n', '-n', 'n if n < 3 else 0', 'None'];
const weighting = { alpha: 2, sigma: 0.1, delta: 1e-6 };

function judge(body: string, weights: readonly number[] | null): Promise<Verdict> {
  const tests = inputs.map((n, j) => ({
    args: [n],
    expected: Math.abs(n),
    ...(weights !== null && { weight: weights[j] ?? NaN }),
  }));
  const suite: TestSuite = { function: 'size', tests };
  const program = `\`\`\`python\ndef size(n):\n    return ${body}\n\`\`\``;
  return verifyCode(program, suite, { wallMs: 20_000, score: 'weighted' });
}

const vector = ({ parts }: Verdict): number[] => inputs.map((_, j) => parts[`test-${j + 1}`] ?? NaN);

it('weights of VeRPO pay an attempt what the weighted score of its verdict says', { timeout: 120_000 }, async () => {
  const outcomes = (await Promise.all(attempts.map((body) => judge(body, null)))).map(vector);
  expect(outcomes).toEqual([
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1, 0],
    [1, 1, 1, 1, 0],
    [1, 0, 0, 0, 1],
    [1, 1, 1, 0, 0],
    [0, 0, 0, 0, 0],
  ]);
  const rates = testPassRates(outcomes);
  const { weights } = testWeights(rates, weighting);
  const total = weights.reduce((sum, each) => sum + each, 0);
  // arXiv 2601.03525, equations 3 and 7 to 9, written out.
  const near = (a: number, b: number): number => Math.exp(-((a - b) ** 2) / 0.02);
  const rho = [5 / 6, 4 / 6, 4 / 6, 3 / 6, 2 / 6];
  const formula = rho.map(
    (rate) => Math.exp(-2 * rate) / (rho.reduce((sum, each) => sum + near(rate, each), 0) + 1e-6),
  );
  for (const [j, weight] of weights.entries()) expect(weight).toBeCloseTo(formula[j] ?? NaN, 12);

  const rewards = attemptRewards(outcomes, weights);
  const verdicts = await Promise.all(attempts.map((body) => judge(body, weights)));
  const named = Object.fromEntries(weights.map((weight, j) => [`test-${j + 1}`, weight]));
  const group = { task: someTask, rollouts: verdicts.map((verdict) => scoredRollout({ verdict })) };
  const [stage = []] = await verdictReward({ weights: named, unjudged: 'exclude' })([group], {} as RolloutContext);
  for (const [i, verdict] of verdicts.entries()) {
    expect(verdict.score * total).toBeCloseTo(rewards[i] ?? NaN, 12);
    expect(stage[i]?.total).toBeCloseTo(rewards[i] ?? NaN, 12);
  }
  expect(verdicts[0]?.score).toBe(1);
  // The rare test alone is worth more than an easy one, which all but one attempt pass.
  expect(weights[4]).toBeGreaterThan(weights[0] ?? NaN);
});
