import { describe, expect, test } from 'vitest';
import { createObjective } from '../registry.js';
import { batchOf } from '../vectors/padded.js';
import { misRatio, mixedAdvantage } from './rl-plus.js';

describe('RL-PLUS', () => {
  test('a rare external token weighs 4 p with U = 1 and about 4 / 3 with U = 1 / vocabulary', () => {
    expect(misRatio(1e-4, 1e-4, 1)).toBeCloseTo(4e-4, 6);
    expect(misRatio(1e-2, 1e-2, 1e-6)).toBeCloseTo(4 / 3, 3);
    expect(misRatio(1, 1, 1)).toBe(1);
  });

  test('one demonstration among seven failures: 7 / 8 and -1 / 8', () => {
    const rewards = Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const settings = { baseline: 'group', advantageScale: 'none', advantageEpsilon: 1e-6 } as const;
    const advantages = mixedAdvantage(rewards, new Int32Array(8), [true], settings);
    advantages.forEach((value, i) => expect(value).toBeCloseTo(i === 0 ? 7 / 8 : -1 / 8, 14));
  });

  test('an on-policy baseline leaves the demonstration out, and a group of demonstrations only keeps its rewards', () => {
    const settings = { baseline: 'on-policy', advantageScale: 'none', advantageEpsilon: 0 } as const;
    const group = Int32Array.of(0, 0, 0, 1);
    const advantages = mixedAdvantage(Float64Array.of(1, 0.5, 0, 1), group, [true, false, false, true], settings);
    expect(Array.from(advantages)).toEqual([0.75, 0.25, -0.25, 1]);
  });

  const mask = [[1, 1]];
  const columns = { logProb: [[-0.5, -2]], oldLogProb: [[-0.7, -1.5]], entropy: [[1, 2]] };

  test('without external tokens it is the unclipped surrogate over a constant', () => {
    const batch = batchOf(mask, { ...columns, external: [[0, 0]] });
    const objective = createObjective('rl-plus', { entropyCoef: 0, lengthNorm: 10 });
    const { loss, gradients } = objective.loss(batch, Float64Array.of(1, 1));
    expect(loss).toBeCloseTo(-(Math.exp(0.2) + Math.exp(-0.5)) / 10, 14);
    expect(gradients.logProb![0]).toBeCloseTo(-Math.exp(0.2) / 10, 14);
  });

  test('the exploration weight carries no gradient, and the cap ends it', () => {
    const batch = batchOf(mask, { ...columns, external: [[1, 1]] });
    const free = createObjective('rl-plus', { entropyCoef: 0, lengthNorm: 1 }).loss(batch, Float64Array.of(1, 1));
    const term = (l: number, lOld: number) => misRatio(Math.exp(l), Math.exp(lOld), 1) * Math.sqrt(1 - Math.exp(l));
    expect(free.loss).toBeCloseTo(-term(-0.5, -0.7) - term(-2, -1.5), 14);
    expect(free.gradients.logProb![0]).toBeCloseTo(-term(-0.5, -0.7), 14);
    const capped = createObjective('rl-plus', { entropyCoef: 0, lengthNorm: 1, externalRatioCap: 0.4 });
    const { gradients } = capped.loss(batch, Float64Array.of(1, 1));
    expect(gradients.logProb![0]).toBeCloseTo(0, 14);
    expect(gradients.logProb![1]).toBeCloseTo(-term(-2, -1.5), 14);
  });

  test('the entropy bonus is a token mean whatever the policy term is divided by', () => {
    const batch = batchOf(mask, { ...columns, external: [[0, 0]] });
    const { gradients } = createObjective('rl-plus', { entropyCoef: 0.5 }).loss(batch, new Float64Array(2));
    expect(Array.from(gradients.entropy!)).toEqual([-0.25, -0.25]);
  });
});
