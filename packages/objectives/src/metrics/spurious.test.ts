import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createObjective } from '../registry.js';
import { sampleBatch } from '../testing/sample-batch.js';
import { spuriousReward } from '../shaping/spurious-reward.js';
import { clipCorrection } from './clip-correction.js';
import { expectedEntropyChange, exponentialUpdate } from './entropy-change.js';
import { mislabelMoments, randomAdvantageMoments } from './random-reward.js';

describe('instruments of the spurious-reward analysis', () => {
  test('the clipped surrogate is the raw one plus both corrections, which are never positive', () => {
    const ratios = fc.array(
      fc.tuple(fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: -3, max: 3, noNaN: true })),
    );
    fc.assert(
      fc.property(ratios, fc.double({ min: 0, max: 0.9, noNaN: true }), (pairs, bound) => {
        const ratio = Float64Array.from(pairs, ([r]) => r);
        const advantages = Float64Array.from(pairs, ([, a]) => a);
        const { raw, high, low } = clipCorrection(ratio, advantages, { clipLow: bound, clipHigh: bound });
        const clipped = pairs.reduce(
          (sum, [r, a]) => sum + Math.min(r * a, Math.min(Math.max(r, 1 - bound), 1 + bound) * a),
          0,
        );
        expect(raw + high + low).toBeCloseTo(clipped, 8);
        expect(high).toBeLessThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('the objective reports the same, and its loss is their sum over tokens', () => {
    const batch = sampleBatch({ seed: 4, groupSizes: [4, 4], maxLength: 10 });
    const objective = createObjective('clip-entropy-spurious');
    const { loss, metrics } = objective.loss(batch, objective.advantages(batch));
    const tokens = batch.mask.reduce((sum, flag) => sum + flag, 0);
    const { surrogateRaw, clipCorrectionHigh, clipCorrectionLow } = metrics;
    expect(loss).toBeCloseTo(-(surrogateRaw! + clipCorrectionHigh! + clipCorrectionLow!) / tokens, 12);
    const free = createObjective('clip-entropy-spurious', { clip: false });
    expect(free.loss(batch, objective.advantages(batch)).loss).toBeCloseTo(-surrogateRaw! / tokens, 12);
  });

  test('odd moments vanish at one half and |A| meets its bound at the single dissenter', () => {
    for (const G of [2, 5, 8, 16, 64]) {
      const { mean, third, largest, bound, second, degenerate } = randomAdvantageMoments(G);
      expect(mean).toBeCloseTo(0, 12);
      expect(third).toBeCloseTo(0, 10);
      expect(largest).toBeCloseTo(bound, 12);
      expect(second).toBeCloseTo(((G - 1) / G) * (1 - degenerate), 10);
    }
    expect(randomAdvantageMoments(4, 0.9).third).not.toBeCloseTo(0, 2);
  });

  test('the loss through wrong rewards has the moments of its closed form', () => {
    for (const [correct, G, p] of [
      [0, 8, 0.5],
      [8, 8, 0.3],
      [5, 12, 0.7],
    ] as const) {
      const { exact, closed } = mislabelMoments(correct, G, p);
      expect(exact.mean).toBeCloseTo(closed.mean, 10);
      expect(exact.variance).toBeCloseTo(closed.variance, 9);
    }
  });

  test('the second-order change of entropy is the exact one up to the fourth order', () => {
    const [probabilities, variances] = [
      [0.5, 0.3, 0.15, 0.05],
      [1, 0.5, 2, 0],
    ];
    const error = (eta: number) => {
      const { exact, secondOrder } = expectedEntropyChange(probabilities, eta, variances);
      return Math.abs(exact - secondOrder);
    };
    expect(error(0.1) / error(0.05)).toBeCloseTo(16, 0);
    expect(() => expectedEntropyChange(new Array<number>(21).fill(1 / 21), 0.1, [])).toThrow(
      /at most 20 actions, got 21/,
    );
  });

  test('an impossible action stays impossible and adds nothing', () => {
    const { probabilities, entropyChange, firstOrder } = exponentialUpdate([0.5, 0.5, 0], [1, -1, 900], 1);
    expect(probabilities[2]).toBe(0);
    expect(entropyChange).toBeLessThan(0);
    expect(firstOrder).toBeCloseTo(0, 12);
  });

  test('rewards at random follow the draw and nothing else', () => {
    for (const correct of [true, false]) {
      expect(spuriousReward('random', correct, 0.2, 0.3)).toBe(1);
      expect(spuriousReward('random', correct, 0.3, 0.3)).toBe(0);
      expect(spuriousReward('inverted', correct, 0.2)).toBe(1 - spuriousReward('truth', correct, 0.2));
    }
  });
});
