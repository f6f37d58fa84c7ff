import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stepConsistency, stepScoresOf } from '../metrics/step-consistency.js';
import { batchOf } from '../vectors/padded.js';
import { consistentRollouts, removalQuotas } from './process-consistency.js';
import { valueSampling } from './task-value.js';
import { groupsBetween } from '../methods/dars.js';
import { createObjective } from '../registry.js';

const options = { remove: 4, stepPenalty: 10, minSteps: 2, maxSteps: 30, mode: 'both', seed: 0 } as const;

test('PROF: what stays is balanced where both outcomes have enough', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), (right) => {
      const rewards = Array.from({ length: 8 }, (_, i) => (i < right ? 1 : 0));
      const scored = stepConsistency(
        rewards.map((_, i) => [0.1 * i, 0.5]),
        rewards,
      );
      const keep = consistentRollouts(scored, rewards, new Int32Array(8), options);
      expect(rewards.filter((reward, i) => keep[i] === 1 && reward === 1).length).toBe(2);
      expect(keep.reduce((sum, flag) => sum + flag, 0)).toBe(4);
    }),
  );
});

test('PROF: a wrong answer with good steps leaves, a degenerate number of steps counts against either outcome', () => {
  const steps = [
    [0.9, 0.9],
    [0.1, 0.1],
    [0.9, 0.9],
    [0.1, 0.1],
  ];
  const rewards = [1, 1, 0, 0];
  const keep = consistentRollouts(stepConsistency(steps, rewards), rewards, new Int32Array(4), {
    ...options,
    remove: 2,
  });
  expect(Array.from(keep)).toEqual([1, 0, 0, 1]);
  const short = [[1], [0.1, 0.1], [0], [0.9, 0.9]];
  const kept = consistentRollouts(stepConsistency(short, rewards), rewards, new Int32Array(4), {
    ...options,
    remove: 2,
  });
  expect(Array.from(kept)).toEqual([0, 1, 0, 1]);
});

test('PROF: rewards other than 0 and 1 leave, and quotas are never above what is there', () => {
  const scored = stepConsistency([[], []], [0.5, NaN]);
  expect(Array.from(scored.scores)).toEqual([0, 0]);
  expect(Array.from(consistentRollouts(scored, [0.5, NaN], new Int32Array(2), options))).toEqual([0, 0]);
  expect(removalQuotas(1, 2, 9)).toEqual({ right: 1, wrong: 2 });
});

test('the score of a step is that of its last token', () => {
  const batch = batchOf([[0, 1, 1, 1, 0]], { segment: [[0, 0, 0, 1, 1]], tokenRewards: [[9, 8, 0.25, 0.5, 9]] });
  expect(stepScoresOf(batch)).toEqual([[0.25, 0.5]]);
});

test('VSPO: with signal in every group nothing changes; weights of all copies stay under the bound', () => {
  const settings = { maxReward: 1, power: 0.5, maxWeight: 2 };
  const live = valueSampling(Float64Array.of(0, 1, 1, 0), Int32Array.of(5, 5, 3, 3), () => 0.5, settings);
  expect([Array.from(live.weights), live.replaced]).toEqual([[1, 1], []]);
  const rewards = Float64Array.from({ length: 40 }, (_, i) => (i === 0 ? 1 : 0));
  const group = Int32Array.from(rewards, (_, i) => i >> 1);
  const single = valueSampling(rewards, group, () => 0.999999, settings);
  expect(single.copies[0]).toBe(20);
  expect(single.copies[0]! * single.weights[0]!).toBeCloseTo(2, 12);
});

test('DARS: groups that are all wrong, all right or not scored are dropped', () => {
  const rewards = Float64Array.of(0, 0, 1, 1, 0, 1, NaN, NaN);
  const group = Int32Array.of(1, 1, 2, 2, 3, 3, 4, 4);
  expect(Array.from(groupsBetween(rewards, group, 1))).toEqual([0, 0, 0, 0, 1, 1, 0, 0]);
});

test('VSPO: draws depend neither on the order of rollouts nor on those that were not scored', () => {
  const rewards = [1, 0, 1, 1, 0, 0, 0, 1, 1];
  const groups = [1, 1, 2, 2, 3, 3, 4, 4, 4];
  const of = (order: readonly number[], extra: readonly number[] = []) => {
    const given = { rewards: order.map((i) => rewards[i]!), groups: order.map((i) => groups[i]!) };
    const all = { rewards: [...given.rewards, ...extra.map(() => NaN)], groups: [...given.groups, ...extra] };
    const batch = batchOf(new Array<number[]>(all.rewards.length).fill([1]), {}, all);
    const advantages = createObjective('prs-vspo').advantages({ ...batch, group: Int32Array.from(all.groups) });
    return advantages.map((value) => Math.round(value * 1e9) / 1e9);
  };
  const order = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const straight = of(order);
  expect(of([...order].reverse()).reverse()).toEqual(straight);
  expect(of(order, [1, 3, 7]).subarray(0, 9)).toEqual(straight);
  expect(Array.from(straight.subarray(2, 6))).toEqual([0, 0, 0, 0]);
  const copies = straight.map((value) => Math.abs(value)).filter((value) => value > 0);
  expect(Math.max(...copies)).toBeGreaterThan(Math.SQRT1_2);
});
