import { expect, test } from 'vitest';
import { batchOf, evaluateFormula } from '../vectors/padded.js';
import { raifLoss } from './raif.js';

const settings = { clipLow: 0.2, clipHigh: 0.2, klCoef: 0.5 };
const batch = batchOf(
  [
    [1, 1],
    [1, 1],
  ],
  {
    logProb: [
      [-1, -2],
      [-1, -2],
    ],
    oldLogProb: [
      [-1.1, -1.9],
      [-1.1, -1.9],
    ],
    refLogProb: [
      [-1, -2],
      [-3, -2],
    ],
  },
);

test('a sample that is not kept has no policy gradient, still the KL one, and stays in the mean', () => {
  const advantages = [1, 1, 1, 1];
  const both = evaluateFormula(batch, advantages, (context) => raifLoss(context, [1, 1], settings).total);
  const one = evaluateFormula(batch, advantages, (context) => raifLoss(context, [1, 0], settings).total);
  expect(one.gradient('logProb')[0]).toEqual(both.gradient('logProb')[0]);
  const [first, second] = one.gradient('logProb')[1]!;
  expect(first).toBeCloseTo((0.5 * (1 - Math.exp(-2))) / 4, 12);
  expect(second).toBeCloseTo(0, 12);
});
