import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packTokens } from './packed-tokens.js';
import { packSequences } from './packing.js';

interface Shape {
  readonly prompt: readonly number[];
  readonly answers: readonly number[];
}

/** Groups of sequences with equal prompts; the answers are given by their lengths. */
const shapes = fc.array(
  fc.record({
    prompt: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 }),
    answers: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function batchOf(groups: readonly Shape[]) {
  const sequences = groups.flatMap(({ prompt, answers }, g) =>
    answers.map((length, a) => ({ prompt, answer: Array.from({ length }, (_, t) => (g + 3 * a + t) % 17) })),
  );
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach(({ prompt, answer }, i) => (offsets[i + 1] = offsets[i]! + prompt.length + answer.length));
  const tokens = Int32Array.from(sequences.flatMap(({ prompt, answer }) => [...prompt, ...answer]));
  const scored = Uint8Array.from(
    sequences.flatMap(({ prompt, answer }) => [...prompt.map(() => 0), ...answer.map(() => 1)]),
  );
  return { tokens, offsets, scored };
}

it('every scored token is predicted once, from the token before it, within the limits', () => {
  fc.assert(
    fc.property(shapes, (groups) => {
      const batch = batchOf(groups);
      const seen = new Set<number>();
      for (const micro of packSequences(batch, { tokens: 64, scored: 50 })) {
        const packed = packTokens(batch, micro);
        const one = micro.families.length === 1 && micro.families[0]!.sequences.length === 1;
        // One token more is padding.
        expect(one || packed.ids.length <= 65).toBe(true);
        expect(one || packed.source.length <= 50).toBe(true);
        packed.source.forEach((t, row) => {
          expect(seen.has(t)).toBe(false);
          seen.add(t);
          expect(packed.ids[Number(packed.rows[row])]).toBe(batch.tokens[t - 1]);
          expect(Number(packed.targets[row])).toBe(batch.tokens[t]);
        });
      }
      expect(seen.size).toBe(batch.scored.reduce((sum, flag) => sum + flag, 0));
    }),
  );
});

it('attention shows a token what precedes it in its own sequence, in order, and nothing else', () => {
  fc.assert(
    fc.property(shapes, (groups) => {
      const batch = batchOf(groups);
      for (const micro of packSequences(batch, { tokens: 64, scored: 50 })) {
        const { time, mask, cells, ids, positions, source, rows } = packTokens(batch, micro);
        source.forEach((t, row) => {
          const start = batch.offsets.findLast((offset) => offset <= t)!;
          const cell = cells.tokenCells[Number(rows[row])]!;
          const bin = Math.floor(cell / time);
          const looked = Array.from({ length: time }, (_, at) => bin * time + at)
            .filter((_, at) => mask[cell * time + at] === 0)
            .map((other) => cells.keyTokens[other]!);
          const byPosition = looked.sort((a, b) => Number(positions[a]! - positions[b]!));
          expect(byPosition.map((token) => ids[token])).toEqual([...batch.tokens.subarray(start, t)]);
          expect(byPosition.map((token) => Number(positions[token]))).toEqual([...byPosition.keys()]);
        });
      }
    }),
  );
});

it('all cells of a token are listed once, and free cells hold padding', () => {
  fc.assert(
    fc.property(shapes, (groups) => {
      const batch = batchOf(groups);
      for (const micro of packSequences(batch, { tokens: 200, scored: 200 })) {
        const { cells, ids, batch: bins, time } = packTokens(batch, micro);
        const { keyTokens, queryTokens, sharedCells, tokenCells, shared } = cells;
        const listed = [...sharedCells, ...tokenCells.subarray(shared)].filter((cell) => keyTokens[cell] !== 0);
        expect(listed.length).toBe(keyTokens.filter((token) => token !== 0).length);
        expect(new Set(listed).size).toBe(listed.length);
        sharedCells.forEach((cell, i) => expect([0, i % shared]).toContain(keyTokens[cell]));
        for (let token = 1; token < ids.length; token++) expect(queryTokens[tokenCells[token]!]).toBe(token);
        expect(queryTokens.filter((token) => token !== 0).length).toBe(ids.length - 1);
        for (let bin = 0; bin < bins; bin++) expect(keyTokens[(bin + 1) * time - 1]).toBe(0);
      }
    }),
  );
});

it('equal prompts are computed once, and sequences are not padded to the longest', () => {
  const prompt = Array.from({ length: 20 }, (_, t) => t % 4);
  const batch = batchOf([{ prompt, answers: [3, 3, 3, 3] }]);
  const [micro, ...others] = packSequences(batch, { tokens: 1024, scored: 1024 });
  expect(others).toEqual([]);
  const { ids, batch: bins, time } = packTokens(batch, micro!);
  expect(ids.length).toBe(1 + 20 + 4 * 2);
  expect([bins, time]).toEqual([1, 20 + 4 * 2 + 1]);
  const ragged = batchOf([40, 3, 3, 3, 3, 38].map((length, i) => ({ prompt: [i], answers: [length] })));
  const [all] = packSequences(ragged, { tokens: 1024, scored: 1024 });
  expect(packTokens(ragged, all!)).toMatchObject({ batch: 3, time: 41 });
});

it('long answers to a short prompt get bins of their own, where one for both would cost attention more', () => {
  const batch = batchOf([{ prompt: [1, 2], answers: [38, 38] }]);
  const [micro, ...others] = packSequences(batch, { tokens: 1024, scored: 1024 });
  expect(others).toEqual([]);
  const { ids, batch: bins, time } = packTokens(batch, micro!);
  expect(ids.length).toBe(1 + 2 + 37 * 2);
  expect([bins, time]).toEqual([2, 2 + 37 + 1]);
});

it('micro-batches are of about equal size', () => {
  const batch = batchOf(Array.from({ length: 11 }, (_, i) => ({ prompt: [i], answers: [10] })));
  const sizes = packSequences(batch, { tokens: 100, scored: 1000 }).map(({ families }) => families.length);
  expect(sizes).toEqual([6, 5]);
});
