import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptRewards, testPassRates, testWeights } from '../advantages/test-weights.js';
import { budgetRelative, truncationPlan } from '../advantages/budget-relative.js';
import { turnEnds } from '../terms/turns.js';
import { batchOf } from '../vectors/padded.js';
import { createObjective } from '../registry.js';
import { stepErrorColumn, voteErrorSteps } from './capo.js';
import { turnRewards } from './ppr-renorm.js';
import { fuseAdvantages } from './verpo.js';

test('votes: a step named twice by one critique counts once, and no critique names none', () => {
  expect(voteErrorSteps([[3, 3], [1]], 'intersection')).toEqual([]);
  expect(voteErrorSteps([[3, 3], [1]], 'majority')).toEqual([1, 3]);
  for (const mode of ['intersection', 'majority', 'union'] as const) expect(voteErrorSteps([], mode)).toEqual([]);
  expect(Array.from(stepErrorColumn(4, [[0, 2]], [0, 9, -1]))).toEqual([-1, -1, 0, 0]);
});

test('CAPO: long responses weigh more in the mean, and each group has its own', () => {
  const mask = [
    [1, 1, 1, 1],
    [1, 0, 0, 0],
    [1, 1, 0, 0],
  ];
  const none = mask.map((row) => row.map(() => 0));
  const columns = { logProb: none, oldLogProb: none, tokenRewards: none };
  const batch = batchOf(mask, columns, { rewards: [1, 0, 1], groups: ['a', 'a', 'b'] });
  const advantages = createObjective('capo', { advantageEpsilon: 0 }).advantages(batch);
  // Rewards 2 2 2 2 0: mean 1.6, standard deviation 0.8.
  expect(Array.from(advantages.subarray(0, 5), (value) => Math.round(value * 1e9) / 1e9)).toEqual([
    0.5, 0.5, 0.5, 0.5, -2,
  ]);
  expect(Array.from(advantages.subarray(8))).toEqual([0, 0, 0, 0]);
});

test('turns end where the number changes; what lies between under the mask does not part them', () => {
  const batch = batchOf([[1, 1, 0, 1, 1, 1]], { segment: [[0, 0, 9, 0, 1, 0]] });
  expect(turnEnds(batch)).toEqual([[3, 4, 5]]);
});

test('ReNorm: no turn earns with a wrong answer, none pays with a right one, whatever the judge says', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 6 }), (scores) => {
      const cells = [...scores, null];
      const mask = [cells.map(() => 1)];
      const columns = { segment: [cells.map((_, k) => k)], tokenRewards: [cells.map((score) => score ?? NaN)] };
      for (const outcome of [0, 1]) {
        for (const failedJudge of ['zero', 'skip'] as const) {
          const batch = batchOf(mask, columns, { rewards: [outcome] });
          const rewards = turnRewards(batch, { renorm: true, beta: 1, failedJudge });
          expect(rewards.every((reward) => (outcome === 1 ? reward >= 0 : reward <= 0))).toBe(true);
          expect(rewards.at(-1)).toBe(outcome);
        }
      }
    }),
  );
});

test('BRPO: equal verdicts give exactly nothing, and a group of one has the earlier budgets only', () => {
  const third = 1 / 3;
  const prior = [third, third, third];
  const flat = budgetRelative([[1, 1, 1], [1, 1, 1], [1, 1, 1]], prior); // prettier-ignore
  expect(flat.advantages.flat().every((value) => value === 0)).toBe(true);
  const alone = budgetRelative([[0, 1, 1]], prior);
  expect(alone.group).toEqual([0, 0, 0]);
  expect(alone.advantages[0]![0]).toBeCloseTo(2 * third, 12);
});

test('a thought of no length, or as long as a budget, is cut once behind its end', () => {
  expect(truncationPlan(0, true, [2, 4])).toEqual([{ length: 0, multiplicity: 2, insertThinkEnd: false }]);
  expect(truncationPlan(4, false, [2, 4])).toEqual([
    { length: 2, multiplicity: 1, insertThinkEnd: true },
    { length: 4, multiplicity: 1, insertThinkEnd: true },
  ]);
});

test('AnytimeReasoner: thoughts are credited by segment, answers against those of the same cut', () => {
  const mask = [[1, 1, 1], [1, 1, 1], [1, 0, 0], [1, 0, 0]]; // prettier-ignore
  const segment = [[0, 0, 1], [0, 1, 1], [-1, 0, 0], [-1, 0, 0]]; // prettier-ignore
  const verdicts = [[0, 0.5, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]]; // prettier-ignore
  const none = mask.map((row) => row.map(() => 0));
  const columns = { logProb: none, oldLogProb: none, segment, tokenRewards: verdicts };
  const batch = batchOf(mask, columns, { rewards: [1, 1, 1, 0], groups: ['q', 'q', 'cut', 'cut'] });
  const advantages = createObjective('anytime-reasoner', { budgets: 2 }).advantages(batch);
  const { advantages: credit } = budgetRelative([[0.5, 1], [0, 1]], [0.5, 0.5]); // prettier-ignore
  expect(Array.from(advantages.subarray(0, 6))).toEqual(
    [credit[0]![0], credit[0]![0], credit[0]![1], credit[1]![0], credit[1]![1], credit[1]![1]], // prettier-ignore
  );
  expect([advantages[6], advantages[9]]).toEqual([0.5, -0.5]);
});

test('VeRPO: many easy tests do not outweigh one rare test, and a group of one has no advantage', () => {
  const attempts = [[1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1], [1, 1, 1, 1, 0]]; // prettier-ignore
  const rates = testPassRates(attempts);
  const { weights } = testWeights(rates, { alpha: 2, sigma: 0.1, delta: 1e-6 });
  const rewards = attemptRewards(attempts, weights);
  expect(Math.max(...rewards)).toBe(rewards[2]);
  const alone = fuseAdvantages(Float64Array.of(1), Int32Array.of(4), [[0.7]], { gamma: 0.9, beta: 1 });
  expect(alone.advantages).toEqual([[0]]);
  const silent = fuseAdvantages(Float64Array.of(1, NaN), Int32Array.of(0, 0), [[0.2, 0.4], [5]], { gamma: 1, beta: 1 });
  expect(silent.turnBaseline[0]).toBeCloseTo(0.3, 12);
  expect(silent.advantages[1]).toEqual([0]);
});
