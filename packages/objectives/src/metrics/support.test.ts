import { expect, test } from 'vitest';
import { answerEntropy, supportCounts, supportRatios, tiltedPolicy } from './support.js';

test('a ratio without a denominator is null, two zero ratios have the harmonic mean 0', () => {
  expect(supportRatios({ preserved: 0, expanded: 2, shrunk: 0 })).toMatchObject({ retention: null, dynamics: null });
  expect(supportRatios({ preserved: 0, expanded: 0, shrunk: 3 })).toMatchObject({ retention: 0, discovery: null });
  expect(supportRatios({ preserved: 3, expanded: 0, shrunk: 0 })).toMatchObject({ retention: 1, dynamics: 0 });
  expect(() => supportCounts([true], [])).toThrow(/the same problems/);
});

test('an incomplete output is no answer that a model could give', () => {
  expect(answerEntropy([null, 'null']).distinct).toBe(2);
  expect(answerEntropy([])).toEqual({ entropy: 0, distinct: 0 });
});

test('tilting gives no mass to what the base never produces, however large beta', () => {
  const { policy, entropyPolicy } = tiltedPolicy([0.5, 0.5, 0], [0, 1, 9], 1e4);
  expect(policy).toEqual([0, 1, 0]);
  expect(entropyPolicy).toBeCloseTo(0, 12);
});
