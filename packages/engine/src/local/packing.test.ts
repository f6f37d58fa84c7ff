import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packSequences, packTokens } from './packing.js';

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });

function batchOf(sizes: readonly number[]) {
  const offsets = new Int32Array(sizes.length + 1);
  sizes.forEach((size, i) => (offsets[i + 1] = offsets[i]! + size));
  return { tokens: Int32Array.from({ length: offsets.at(-1)! }, (_, t) => t % 17), offsets };
}

it('every scored token is predicted once, from the token before it, within the limits', () => {
  fc.assert(
    fc.property(lengths, fc.boolean(), (sizes, sharing) => {
      const batch = batchOf(sizes);
      const seen = new Set<number>();
      for (const micro of packSequences(
        batch,
        { tokens: 64, scored: 50 },
        sharing ? { token: 100, pair: 1 } : undefined,
      )) {
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
  const times = packSequences(batch, { tokens: 80, scored: 1000 }).map(({ time }) => time);
  expect(times).toEqual([39, 2]);
});

it('equal prompts are computed once where that is cheaper, and never where attention would cost more', () => {
  const member = (last: number) => [...Array.from({ length: 20 }, (_, i) => i % 17), 3, 4, last];
  const tokens = Int32Array.from([...member(1), ...member(2), ...member(5), ...member(6)]);
  const offsets = Int32Array.from([0, 23, 46, 69, 92]);
  const scored = Uint8Array.from(tokens, (_, t) => (t % 23 >= 20 ? 1 : 0));
  const limits = { tokens: 1024, scored: 1024 };
  const [micro, ...others] = packSequences({ tokens, offsets, scored }, limits, { token: 100, pair: 1 });
  expect(others).toEqual([]);
  expect(micro).toMatchObject({ kind: 'shared', prefix: 20, time: 20 + 4 * 2 });
  const long = Int32Array.from({ length: 80 }, (_, t) => (t % 40 < 2 ? 1 : t % 17));
  const answers = { tokens: long, offsets: Int32Array.of(0, 40, 80), scored: long.map((_, t) => (t % 40 < 2 ? 0 : 1)) };
  const batch = { ...answers, scored: Uint8Array.from(answers.scored) };
  const kinds = packSequences(batch, limits, { token: 1, pair: 1 }).map(({ kind }) => kind);
  expect(kinds).toEqual(['independent']);
});
