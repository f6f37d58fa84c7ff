import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meanPassAtK, passAtK } from './pass-at-k.js';

function choose(n: number, k: number): number {
  let product = 1;
  for (let i = 0; i < k; i++) product = (product * (n - i)) / (i + 1);
  return product;
}

test('pass@k is the share of k-subsets that hold a correct sample', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), fc.nat(), (n, a, b) => {
      const [c, k] = [a % (n + 1), 1 + (b % n)];
      expect(passAtK(n, c, k)).toBeCloseTo(1 - choose(n - c, k) / choose(n, k), 9);
    }),
  );
});

test('pass@1 is the accuracy, pass@n is 1 as soon as one is correct, and large n stays exact', () => {
  expect(passAtK(10, 3, 1)).toBeCloseTo(0.3, 12);
  expect(passAtK(10, 1, 10)).toBe(1);
  expect(passAtK(10, 0, 10)).toBe(0);
  expect(passAtK(4096, 1, 1024)).toBeCloseTo(0.25, 9);
  expect(
    meanPassAtK(
      [
        { n: 4, c: 4 },
        { n: 2, c: 0 },
      ],
      2,
    ),
  ).toBe(0.5);
});

test('impossible counts are refused', () => {
  for (const [n, c, k] of [
    [4, 5, 1],
    [4, -1, 1],
    [4, 1, 5],
    [4, 1, 0],
    [4, 1.5, 1],
  ] as const) {
    expect(() => passAtK(n, c, k)).toThrow(/passAtK: 0 <= c <= n/);
  }
});
