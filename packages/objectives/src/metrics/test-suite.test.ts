import { expect, test } from 'vitest';
import { accuracyCurve, detectionBound, errorPatterns, verifierQuality } from './test-suite.js';

test('a problem without wrong solutions measures nothing', () => {
  expect(verifierQuality([[[true, false]], []])).toMatchObject({ detectionRateMacro: 1, accuracy: 1 });
  expect(verifierQuality([])).toMatchObject({ detectionRateMicro: 0, accuracy: 0 });
  expect(errorPatterns([])).toEqual({ distinct: 0, ratio: 0 });
});

test('more tests never lower the curve, and silent tests lower the diversity only', () => {
  const matrix = [
    [false, true, false],
    [false, false, true],
  ];
  expect(accuracyCurve([matrix], [1, 2, 3, 9])).toEqual([0, 0, 1, 1]);
  expect(errorPatterns(matrix)).toEqual({ distinct: 2, ratio: 2 / 3 });
});

test('tests that fail together stop helping', () => {
  expect(detectionBound(1e9, 0.1, 0.5).bound).toBeCloseTo(detectionBound(1, 0.1, 0.5).limit, 6);
  expect(detectionBound(5, 0, 0)).toMatchObject({ bound: 0, limit: 0 });
});
