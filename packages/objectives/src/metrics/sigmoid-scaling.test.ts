import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitSigmoidScaling, sigmoidScaling } from './sigmoid-scaling.js';

const budgets = [10, 30, 100, 300, 1000, 3000];

test('finds the curve that made the points', () => {
  const curve = fc.record({
    floor: fc.double({ min: 0, max: 0.4, noNaN: true }),
    asymptote: fc.double({ min: 0.5, max: 1, noNaN: true }),
    midpoint: fc.double({ min: 20, max: 2000, noNaN: true }),
    slope: fc.double({ min: 0.5, max: 4, noNaN: true }),
  });
  fc.assert(
    fc.property(curve, (truth) => {
      const y = budgets.map((x) => sigmoidScaling(x, truth));
      const fit = fitSigmoidScaling(budgets, y);
      expect(fit.error).toBeLessThan(1e-3);
      budgets.forEach((x, i) => expect(sigmoidScaling(x, fit)).toBeCloseTo(y[i]!, 2));
    }),
    { numRuns: 30 },
  );
});

test('stays within 0 and 1 where the points leave them, and is flat where they are', () => {
  const wild = fitSigmoidScaling(budgets, [-0.2, 0, 0.3, 0.9, 1.2, 1.3]);
  expect(wild.floor).toBeGreaterThanOrEqual(0);
  expect(wild.asymptote).toBeLessThanOrEqual(1);
  const flat = fitSigmoidScaling(budgets, budgets.map(() => 0.25)); // prettier-ignore
  expect(flat.error).toBeLessThan(1e-9);
  const falling = fitSigmoidScaling(budgets, [0.9, 0.7, 0.5, 0.4, 0.3, 0.2]);
  expect(falling.asymptote).toBeGreaterThanOrEqual(falling.floor);
});

test('needs three different positive budgets', () => {
  expect(() => fitSigmoidScaling([1, 2], [0, 1])).toThrow(/at least three different positive x/);
  expect(() => fitSigmoidScaling([0, 1, 2], [0, 1, 1])).toThrow(/got 3 x and 3 y/);
});
