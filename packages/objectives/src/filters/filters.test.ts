import { expect, test } from 'vitest';
import { overlongPenalty } from '../advantages/overlong.js';
import { batchOf } from '../vectors/padded.js';
import { groupsWithSignal } from './dynamic-sampling.js';
import { highEntropyTokens } from './high-entropy.js';
import { ratioBounds, rejectionMask } from './rejection.js';

test('groups without signal are dropped; singletons stay unless unscored', () => {
  const group = Int32Array.of(5, 5, 2, 2, 9, 4, 7, 7);
  const rewards = Float64Array.of(1, 0, 1, 1, 0, NaN, 1, NaN);
  expect(Array.from(groupsWithSignal(rewards, group))).toEqual([1, 1, 0, 0, 1, 0, 0, 0]);
});

test('the overlong punishment starts behind max - buffer and never rewards', () => {
  const penalty = overlongPenalty([0, 6, 8, 10, 12], 10, 4, 0.5);
  [0, 0, -0.25, -0.5, -0.75].forEach((value, i) => expect(penalty[i]).toBeCloseTo(value, 12));
});

test('high-entropy tokens include those at the threshold', () => {
  const { threshold, keep } = highEntropyTokens(Float64Array.of(1, 2, 3, 4, 5), 0.5);
  expect(threshold).toBe(3);
  expect(Array.from(keep)).toEqual([0, 0, 1, 1, 1]);
  expect(highEntropyTokens(new Float64Array(), 0.2).keep.length).toBe(0);
});

test('a rollout is rejected as a whole by a sequence rule, and any rule suffices', () => {
  const batch = batchOf(
    [
      [1, 1, 1],
      [1, 1, 0],
    ],
    {
      oldLogProb: [
        [-1, -1, -1],
        [-1, -1, -9],
      ],
      samplerLogProb: [
        [-1, -1, -2],
        [-1, -1, -1],
      ],
    },
  );
  expect(Array.from(rejectionMask(batch, [ratioBounds('token', 0.5, 2)]))).toEqual([1, 1, 0, 1, 1, 0]);
  expect(Array.from(rejectionMask(batch, [{ level: 'seq_max', estimator: 'k2', upper: 0.4 }]))).toEqual([
    0, 0, 0, 1, 1, 0,
  ]);
  expect(Array.from(rejectionMask(batch, [{ level: 'seq_mean', estimator: 'k2', upper: 0.4 }]))).toEqual([
    1, 1, 1, 1, 1, 0,
  ]);
  expect(Array.from(rejectionMask(batch, [{ level: 'seq_sum', estimator: 'k3', upper: 0.1 }]))).toEqual([
    0, 0, 0, 1, 1, 0,
  ]);
  const both = rejectionMask(batch, [ratioBounds('token', 0.5, 2), { level: 'seq_sum', estimator: 'k2', upper: 0.1 }]);
  expect(Array.from(both)).toEqual([0, 0, 0, 1, 1, 0]);
});
