import { expect, test } from 'vitest';
import { createObjective } from '../registry.js';
import { sampleBatch } from '../testing/sample-batch.js';
import { batchOf } from '../vectors/padded.js';
import { entropyWeights } from './dhpo.js';

test('a token far beyond its own bound still learns (1 - alpha) s A through the sequence', () => {
  const logProb = [[-1 + Math.log(50), -1, -1, -1]];
  const oldLogProb = [[-1, -1, -1, -1]];
  const batch = batchOf([[1, 1, 1, 1]], { logProb, oldLogProb });
  const wide = { sequenceClipLow: 1, sequenceClipHigh: 5, combine: 'branch-min', alpha: 0.7 };
  const sequence = 50 ** 0.25;
  for (const combine of ['branch-min', 'ratio-mix']) {
    const { gradients } = createObjective('dhpo', { ...wide, combine }).loss(batch, new Float64Array(4).fill(2));
    expect(gradients.logProb![0]).toBeCloseTo((-2 * 0.3 * sequence) / 4, 12);
  }
  const { gradients } = createObjective('grpo').loss(batch, new Float64Array(4).fill(2));
  expect(gradients.logProb![0]).toBeCloseTo(0, 14);
});

test.each([
  [1, 'grpo', { dualClip: null }],
  [0, 'gspo-token', {}],
] as const)('alpha %d is %s', (alpha, name, settings) => {
  const batch = sampleBatch({ seed: 3, groupSizes: [4, 2], maxLength: 8 });
  for (const combine of ['ratio-mix', 'branch-min']) {
    const own = createObjective('dhpo', { alpha, combine });
    const advantages = own.advantages(batch);
    const [a, b] = [own.loss(batch, advantages), createObjective(name, settings).loss(batch, advantages)];
    expect(a.loss).toBeCloseTo(b.loss, 12);
    a.gradients.logProb!.forEach((value, i) => expect(value).toBeCloseTo(b.gradients.logProb![i]!, 12));
  }
});

test('equal entropies give the sequence ratio all the weight; entropy under the mask never sets an extreme', () => {
  const flat = batchOf([[1, 1, 0]], { oldEntropy: [[0.4, 0.4, 9]] });
  expect(Array.from(entropyWeights(flat, 'response'))).toEqual([0, 0, 0]);
  const mixed = batchOf(
    [
      [1, 1, 0],
      [1, 0, 0],
    ],
    {
      oldEntropy: [
        [1, 3, NaN],
        [2, NaN, NaN],
      ],
    },
  );
  expect(entropyWeights(mixed, 'batch')[3]).toBeCloseTo(0.5, 7);
  expect(entropyWeights(mixed, 'response')[3]).toBe(0);
  const turned = createObjective('dhpo', { mixing: 'entropy', entropyFavours: 'sequence' }).derive!(mixed);
  expect(turned.tokenScale![0]).toBe(1);
  expect(turned.tokenScale![2]).toBe(0);
});
