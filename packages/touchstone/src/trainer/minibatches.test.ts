import fc from 'fast-check';
import { expect, it } from 'vitest';
import { groupedMinibatches } from './minibatches.js';

it('cuts ragged groups into minibatches: every rollout once, groups whole, sizes even, the same for the same seed', () => {
  const groups = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(groups, fc.integer({ min: 1, max: 15 }), fc.nat(), (sizes, minibatches, seed) => {
      const group = Int32Array.from(sizes.flatMap((size, number) => Array.from({ length: size }, () => number)));
      const cut = groupedMinibatches({ group, minibatches, seed });
      expect(cut).toHaveLength(Math.min(minibatches, sizes.length));
      const all = cut.flatMap((numbers) => Array.from(numbers));
      expect([...all].sort((a, b) => a - b)).toEqual(Array.from(group.keys()));
      const groupsIn = cut.map((numbers) => new Set(Array.from(numbers, (number) => group[number])));
      expect(groupsIn.reduce((sum, { size }) => sum + size, 0)).toBe(sizes.length);
      const counts = groupsIn.map(({ size }) => size);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(groupedMinibatches({ group, minibatches, seed })).toEqual(cut);
    }),
  );
});

it('keeps the order of a single minibatch, members of a group apart from each other included', () => {
  const [only] = groupedMinibatches({ group: Int32Array.of(0, 1, 1), minibatches: 1, seed: 5 });
  expect(only).toEqual(Int32Array.of(0, 1, 2));
  const apart = groupedMinibatches({ group: Int32Array.of(0, 1, 0, 1), minibatches: 2, seed: 5 });
  expect(apart.map((numbers) => Array.from(numbers)).sort()).toEqual([
    [0, 2],
    [1, 3],
  ]);
});
