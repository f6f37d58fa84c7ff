import { describe, expect, test } from 'vitest';
import { processAdvantages } from '../advantages/process.js';
import { standardised } from '../advantages/group.js';
import { createObjective } from '../registry.js';
import { batchOf } from '../vectors/padded.js';
import { routeStages } from './cog-rethinker.js';
import { rankRewards, rankTable, recommendationQuality } from './rere.js';

describe('ReRe', () => {
  test('the table falls in size with the place and sums to -1', () => {
    for (const size of [1, 2, 16]) expect(rankTable(size).reduce((sum, value) => sum + value, 0)).toBeCloseTo(-1, 12);
    expect(rankTable(3)).toEqual([...rankTable(3)].sort((a, b) => a - b));
  });

  test("the others of the paper's form share -1; a group of hits alone, or without any, has no ranking reward", () => {
    const { ranking } = rankRewards(['x', 'hit', 'y', 'z'], '"hit"\n', { normaliser: 'negatives' });
    expect(ranking[1]).toBe(0);
    expect(ranking.reduce((sum, value) => sum + value, 0)).toBeCloseTo(-1, 12);
    expect(rankRewards(['a', 'a'], 'a', { normaliser: 'negatives' })).toEqual({ rule: [1, 1], ranking: [0, 0] });
    expect(rankRewards(['a', 'b'], 'c')).toEqual({ rule: [0, 0], ranking: [0, 0] });
    expect(rankRewards([], 'c')).toEqual({ rule: [], ranking: [] });
  });

  test('the gradient is that of REINFORCE whatever the level of the ratio', () => {
    const batch = batchOf([[1, 1], [1, 0]], { logProb: [[-1, -2], [-3, 0]] }, { rewards: [1, 0], groups: ['g', 'g'] }); // prettier-ignore
    for (const level of ['token', 'sequence']) {
      const objective = createObjective('rere', { level });
      const advantages = objective.advantages(batch);
      const { loss, gradients } = objective.loss(batch, advantages);
      expect(loss).toBeCloseTo(0, 12);
      const [first = 0] = advantages;
      Array.from(gradients.logProb!).forEach((value, i) =>
        expect(value).toBeCloseTo([-first / 4, -first / 4, first / 2, 0][i]!, 12),
      );
    }
  });

  test('a hit counts by its place', () => {
    expect(recommendationQuality([['a', 'b'], ['b', 'a']], ['a', 'a'], 2)).toEqual({ hitRate: 1, ndcg: (1 + 1 / Math.log2(3)) / 2 }); // prettier-ignore
    expect(recommendationQuality([['a', 'b']], ['b'], 1)).toEqual({ hitRate: 0, ndcg: 0 });
    expect(recommendationQuality([], [], 3)).toEqual({ hitRate: 0, ndcg: 0 });
  });
});

describe('Cog-Rethinker', () => {
  const outcomes = { direct: [[0, 0], [0, 1], []], decompose: { 0: [0, 1] }, reflect: { 2: [1, 0] } };

  test('groups of the rescue stages join only where asked for, their right answers are imitated either way', () => {
    const route = routeStages(outcomes);
    expect(route.rlGroups).toEqual([['direct', 1], ['decompose', 0], ['reflect', 2]]); // prettier-ignore
    expect(route.unsolved).toEqual([]);
    const strict = routeStages(outcomes, { auxGroupsInRl: false });
    expect(strict.rlGroups).toEqual([['direct', 1]]);
    expect(strict.sftSamples).toEqual([['decompose', 0, 1], ['reflect', 2, 0]]); // prettier-ignore
  });

  test('is DAPO over the own rollouts plus SFT over the rescued ones', () => {
    const rows = { mask: [[1, 1], [1, 1], [1, 0]], logProb: [[-1, -2], [-0.5, -1], [-3, 0]], old: [[-1.3, -2], [-0.5, -0.4], [-3, 0]] }; // prettier-ignore
    const columns = { logProb: rows.logProb, oldLogProb: rows.old, external: [[0, 0], [0, 0], [1, 1]] }; // prettier-ignore
    const batch = batchOf(rows.mask, columns, { rewards: [1, 0, 1], groups: ['g', 'g', 'g'] });
    const objective = createObjective('cog-rethinker', { sftCoef: 0.5 });
    const advantages = objective.advantages(batch);
    expect(advantages.slice(4)).toEqual(Float64Array.of(0, 0));
    const own = batchOf(rows.mask.slice(0, 2), { logProb: rows.logProb.slice(0, 2), oldLogProb: rows.old.slice(0, 2) }, { rewards: [1, 0], groups: ['g', 'g'] }); // prettier-ignore
    const dapo = createObjective('dapo', { dualClip: null });
    const expected = dapo.loss(own, dapo.advantages(own));
    const { loss, gradients } = objective.loss(batch, advantages);
    expect(loss).toBeCloseTo(expected.loss + 0.5 * 3, 12);
    expect(Array.from(gradients.logProb!)).toEqual([...expected.gradients.logProb!, -0.5, 0]);
  });
});

test('pointwise reward model: both errors by hand, unscored responses left out', () => {
  const values = [[0, 0.3], [0, -1.2], [0, 9]]; // prettier-ignore
  const batch = batchOf([[1, 1], [0, 1], [1, 1]], { values }, { rewards: [1, 0.25, NaN] }); // prettier-ignore
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const [p = 0, q = 0] = [sigmoid(0.3), sigmoid(-1.2)];
  const none = new Float64Array(6);
  const entropy = createObjective('pointwise-rm').loss(batch, none);
  expect(entropy.loss).toBeCloseTo((-Math.log(p) - 0.25 * Math.log(q) - 0.75 * Math.log(1 - q)) / 2, 12);
  Array.from(entropy.gradients.values!).forEach((value, i) =>
    expect(value).toBeCloseTo([0, (p - 1) / 2, 0, (q - 0.25) / 2, 0, 0][i]!, 12),
  );
  const squared = createObjective('pointwise-rm', { error: 'squared' }).loss(batch, none);
  expect(squared.loss).toBeCloseTo(((p - 1) ** 2 + (q - 0.25) ** 2) / 2, 12);
  expect(squared.gradients.values![3]).toBeCloseTo((q - 0.25) * q * (1 - q), 12);
});

test('process advantages: steps of a group are standardised together, then summed from the end', () => {
  expect(processAdvantages([[1, 0], [0]], { epsilon: 0, deviation: 'population' })).toEqual([
    [expect.closeTo(Math.SQRT2 - Math.SQRT1_2, 12), expect.closeTo(-Math.SQRT1_2, 12)],
    [expect.closeTo(-Math.SQRT1_2, 12)],
  ]);
  expect(processAdvantages([[0.1], [0.1, 0.1]])).toEqual([[0], [0, 0]]);
  expect(processAdvantages([[7]])).toEqual([[0]]);
  expect(processAdvantages([])).toEqual([]);
});

test('standardised rewards are 0 in groups without spread, of one member, and where unscored', () => {
  const rewards = Float64Array.of(1, 3, 0.1, 0.1, 5, NaN);
  expect(Array.from(standardised(rewards, Int32Array.of(0, 0, 1, 1, 2, 0)))).toEqual([-1, 1, 0, 0, 0, 0]);
});
