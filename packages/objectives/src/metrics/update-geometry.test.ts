import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bfloat16, bfloat16Spacing } from './bf16.js';
import { spectralGeometry, weightMasks } from './spectra.js';
import { maskJaccard, maskOverlap, maskRatios, updateConsensus, updateSparsity } from './update-geometry.js';

const weight = fc.double({ min: -4, max: 4, noNaN: true }).map((value) => Math.round(value * 64) / 64);
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([m, n]) => fc.array(fc.array(weight, { minLength: n, maxLength: n }), { minLength: m, maxLength: m }));

const norm = (rows: readonly (readonly number[])[]) => Math.hypot(...rows.flat());
const minus = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
  a.map((row, i) => row.map((value, j) => value - b[i]![j]!));

describe('bfloat16', () => {
  test('is idempotent, and moves no number by more than half the spacing', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e30, max: 1e30, noNaN: true }), (x) => {
        const rounded = bfloat16(x);
        expect(bfloat16(rounded)).toBe(rounded);
        if (Math.abs(x) > 1e-30) expect(Math.abs(rounded - x)).toBeLessThanOrEqual(bfloat16Spacing(x) * 0.5001);
      }),
    );
  });

  test('goes to the even neighbour from half-way, and leaves what is not finite', () => {
    expect(bfloat16(1 + 2 ** -8)).toBe(1);
    expect(bfloat16(1 + 3 * 2 ** -8)).toBe(1 + 2 ** -6);
    expect([bfloat16(NaN), bfloat16(-Infinity)]).toEqual([NaN, -Infinity]);
  });

  test('spacing doubles at each power of two, and has a least one', () => {
    expect([bfloat16Spacing(2 - 2 ** -52), bfloat16Spacing(2)]).toEqual([2 ** -7, 2 ** -6]);
    expect(bfloat16Spacing(2 ** -140)).toBe(2 ** -133);
    expect(bfloat16Spacing(0)).toBeNaN();
  });
});

test('sparsity counts what bfloat16 still sees', () => {
  expect(updateSparsity([1, 1, 0, NaN], [1.003, 1.01, -0, 1])).toMatchObject({
    changed: Uint8Array.of(0, 1, 0, 1),
    sparsity: 0.5,
  });
  expect(updateSparsity([], []).sparsity).toBe(1);
  expect(() => updateSparsity([1], [])).toThrow(/updateSparsity: both sides must have as many weights, got 1 and 0/);
});

describe('masks', () => {
  test('of full rank reconstruct the matrix, and hold a rounded share of its entries', () => {
    fc.assert(
      fc.property(matrix, (weights) => {
        const found = weightMasks(weights, 9, 0.5);
        expect(norm(minus(found.rankPart, weights))).toBeLessThan(1e-10 * (1 + norm(weights)));
        const size = weights.length * weights[0]!.length;
        const count = found.lowMagnitude.flat().reduce((sum, flag) => sum + flag, 0);
        expect(Math.abs(count - size / 2)).toBeLessThanOrEqual(0.5);
        expect(found.safe.flat().map((flag) => 1 - flag)).toEqual(found.principalNotLow.flat());
      }),
    );
  });

  test('overlap is the density of the mask by chance, Jaccard 1 with itself; empty ones are told apart', () => {
    const [mask, all, none] = [[[1, 0, 0, 1]], [[1, 1, 1, 1]], [[0, 0, 0, 0]]];
    expect(maskOverlap(mask, all)).toEqual({ overlap: 0.5, chance: 0.5 });
    expect(maskOverlap(mask, none).overlap).toBeNull();
    expect(maskJaccard(mask, mask)).toEqual({ jaccard: 1, chance: 1 / 3 });
    expect(maskJaccard(none, none)).toEqual({ jaccard: null, chance: null });
    expect(updateConsensus([none, none]).meanJaccard).toBeNull();
    expect(updateConsensus([mask, all, none]).consensus).toEqual([[2 / 3, 1 / 3, 1 / 3, 2 / 3]]);
    expect(maskRatios(mask)).toEqual({ rows: [0.5], columns: [1, 0, 0, 1] });
  });
});

describe('spectral geometry', () => {
  test('singular values move by no more than the spectral norm of the change (Weyl)', () => {
    fc.assert(
      fc.property(matrix, fc.nat(), (before, seed) => {
        const after = before.map((row, i) => row.map((value, j) => value + 0.1 * Math.sin(seed + 3 * i + 7 * j)));
        const { spectrum } = spectralGeometry(before, after, 1);
        const [largest = 0] = spectralGeometry(minus(after, before), before, 1).spectrum[0];
        spectrum[0].forEach((value, i) => {
          expect(Math.abs(value - spectrum[1][i]!)).toBeLessThanOrEqual(largest + 1e-9);
        });
      }),
    );
  });

  test('a rotation by 30 degrees turns the top direction by 30 degrees and keeps the spectrum', () => {
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const found = spectralGeometry([[3, 0], [0, 1]], [[3 * c, -s], [3 * s, c]], 1); // prettier-ignore
    expect(found.maxAngleLeft).toBeCloseTo(30, 6);
    expect(found.maxAngleRight).toBeCloseTo(0, 4);
    expect(found.spectralShift).toBeCloseTo(0, 12);
    expect(found.gap).toBeCloseTo(2, 12);
  });
});
