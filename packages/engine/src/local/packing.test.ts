import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countScored, packSequences, packTokens } from './packing.js';

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });

function batchOf(sizes: readonly number[]) {
  const offsets = new Int32Array(sizes.length + 1);
  sizes.forEach((size, i) => (offsets[i + 1] = offsets[i]! + size));
  return { tokens: Int32Array.from({ length: offsets.at(-1)! }, (_, t) => t % 17), offsets };
}

it('every scored token is predicted once, from the token before it, within the limits', () => {
  fc.assert(
    fc.property(lengths, (sizes) => {
      const batch = batchOf(sizes);
      const seen = new Set<number>();
      for (const micro of packSequences(batch, countScored(batch), { tokens: 64, scored: 50 })) {
        const packed = packTokens(batch, micro);
        const one = micro.sequences.length === 1;
        expect(one || packed.ids.length <= 64).toBe(true);
        expect(one || packed.source.length <= 50).toBe(true);
        packed.source.forEach((t, row) => {
          expect(seen.has(t)).toBe(false);
          seen.add(t);
          expect(packed.ids[Number(packed.rows[row])]).toBe(batch.tokens[t - 1]);
          expect(Number(packed.targets[row])).toBe(batch.tokens[t]);
        });
      }
      expect(seen.size).toBe(sizes.reduce((sum, size) => sum + size - 1, 0));
    }),
  );
});

it('short sequences are not padded to the longest', () => {
  const batch = batchOf([40, 3, 3, 3, 3, 38]);
  const times = packSequences(batch, countScored(batch), { tokens: 80, scored: 1000 }).map(({ time }) => time);
  expect(times).toEqual([39, 2]);
});
