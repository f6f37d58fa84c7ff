import { expect, test } from 'vitest';
import { batchOf } from '../vectors/padded.js';
import { multiGammaAdvantages, multiGammaReturns, shareKlPenalty } from './multi-gamma.js';

const batch = batchOf([[1, 1, 1, 0]], {});
const column = (...values: number[]) => Float64Array.from(values);

test('a discounted penalty stays near its cause while correctness reaches every token', () => {
  const outcome = { rewards: column(0, 0, 1, 9), gamma: 1 };
  const penalty = { rewards: column(0, 0, -1, 9), gamma: 0.5 };
  expect(Array.from(multiGammaReturns(batch, [outcome, penalty]))).toEqual([0.75, 0.5, 0, 0]);
});

test('two rewards of one gamma are their sum, and several need lambda 1', () => {
  const [first, second] = [column(1, 2, 3, 0), column(-1, 0.5, 0, 0)];
  const values = column(0.1, 0.2, 0.3, 7);
  const sum = first.map((value, i) => value + second[i]!);
  const types = [first, second].map((rewards) => ({ rewards, gamma: 0.9 }));
  const together = multiGammaAdvantages(batch, types, values, 1);
  const alone = multiGammaAdvantages(batch, [{ rewards: sum, gamma: 0.9 }], values, 1);
  together.advantages.forEach((value, i) => expect(value).toBeCloseTo(alone.advantages[i]!, 12));
  expect(() => multiGammaAdvantages(batch, types, values, 0.95)).toThrow(/lambda must be 1/);
});

test('the KL penalty is shared among the rewards', () => {
  expect(Array.from(shareKlPenalty(column(1, 0), column(2, -2), 0.1, 2))).toEqual([0.9, 0.1]);
  expect(Array.from(shareKlPenalty(column(1, 0), column(2, NaN), -1, 2))).toEqual([1, 0]);
});
