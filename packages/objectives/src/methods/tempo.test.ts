import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prefixValues } from '../advantages/prefix-values.js';
import type { RolloutBatch } from '../objective.js';
import { createObjective } from '../registry.js';

/** Ragged responses without masks, from token ids. */
function batchOfTokens(
  responses: readonly (readonly number[])[],
  rewards: readonly number[],
  groups?: readonly number[],
) {
  const offsets = new Int32Array(responses.length + 1);
  responses.forEach((row, i) => (offsets[i + 1] = offsets[i]! + row.length));
  const size = offsets[responses.length]!;
  return {
    offsets,
    group: Int32Array.from(groups ?? responses.map(() => 0)),
    rewards: Float64Array.from(rewards),
    mask: new Uint8Array(size).fill(1),
    columns: {},
    tokenIds: Int32Array.from(responses.flat()),
  } satisfies RolloutBatch;
}

function jumps(batch: RolloutBatch): Float64Array {
  const { before, after } = prefixValues(batch);
  return after.map((value, i) => value - before[i]!);
}

const responses = fc.array(fc.array(fc.nat(2), { maxLength: 6 }), { minLength: 1, maxLength: 7 });

describe('TEMPO', () => {
  test('prefix values are the means over all members with that prefix', () => {
    fc.assert(
      fc.property(responses, fc.infiniteStream(fc.nat(4)), (rows, stream) => {
        const rewards = rows.map(() => (stream.next().value as number) / 4);
        const batch = batchOfTokens(rows, rewards);
        const { before, after } = prefixValues(batch);
        const value = (row: readonly number[], length: number) => {
          const same = rows
            .map((other, k) => [other, rewards[k]!] as const)
            .filter(([other]) => other.length >= length && row.slice(0, length).every((id, t) => other[t] === id));
          return same.reduce((sum, [, reward]) => sum + reward, 0) / same.length;
        };
        rows.forEach((row, i) =>
          row.forEach((_, t) => {
            expect(before[batch.offsets[i]! + t]).toBeCloseTo(value(row, t), 12);
            expect(after[batch.offsets[i]! + t]).toBeCloseTo(value(row, t + 1), 12);
          }),
        );
      }),
    );
  });

  test('the jumps of a response add up to its distance from the group mean once it is alone', () => {
    const rows = [
      [1, 2, 3, 4],
      [1, 2, 5],
      [1, 6],
      [1, 2, 3, 7, 7],
    ];
    const rewards = [1, 0, 0.5, 0];
    const batch = batchOfTokens(rows, rewards);
    const steps = jumps(batch);
    rows.forEach((_, i) => {
      const sum = steps.slice(batch.offsets[i], batch.offsets[i + 1]).reduce((total, step) => total + step, 0);
      expect(sum).toBeCloseTo(rewards[i]! - 0.375, 12);
    });
  });

  test('identical responses have no forks, whatever their rewards; other groups share nothing', () => {
    expect(
      jumps(
        batchOfTokens(
          [
            [1, 2],
            [1, 2],
          ],
          [1, 0],
        ),
      ).every((value) => value === 0),
    ).toBe(true);
    const apart = batchOfTokens(
      [
        [1, 2],
        [1, 3],
        [1, 2],
        [1, 2],
      ],
      [1, 0, 0, 0],
      [0, 0, 1, 1],
    );
    expect(Array.from(jumps(apart))).toEqual([0, 0.5, 0, -0.5, 0, 0, 0, 0]);
  });

  test('padding that equals a real token is no match; environment tokens are part of the prefix', () => {
    const padded = {
      ...batchOfTokens(
        [
          [5, 0, 0],
          [5, 0, 9],
        ],
        [1, 0],
      ),
      mask: Uint8Array.of(1, 0, 0, 1, 1, 1),
    };
    expect(Array.from(prefixValues(padded).before)).toEqual([0.5, 0, 0, 0.5, 0.5, 0]);
    const observed = {
      ...batchOfTokens(
        [
          [5, 7, 1],
          [5, 8, 1],
        ],
        [1, 0],
      ),
      mask: Uint8Array.of(1, 0, 1, 1, 0, 1),
    };
    expect(Array.from(prefixValues(observed).before)).toEqual([0.5, 0.5, 1, 0.5, 0.5, 0]);
  });

  test('a group of one, or with one scored member, has no advantage; unscored members share nothing', () => {
    const objective = createObjective('tempo');
    expect(Array.from(objective.advantages(batchOfTokens([[1, 2]], [1])))).toEqual([0, 0]);
    expect(
      Array.from(
        objective.advantages(
          batchOfTokens(
            [
              [1, 2],
              [1, 3],
            ],
            [1, NaN],
          ),
        ),
      ),
    ).toEqual([0, 0, 0, 0]);
  });

  test('where nothing forks it is GRPO', () => {
    const batch = batchOfTokens(
      [
        [1, 1, 2, 2],
        [1, 1, 3, 3],
      ],
      [1, 0],
    );
    const [tempo, grpo] = [createObjective('tempo').advantages(batch), createObjective('grpo').advantages(batch)];
    [0, 1, 3, 4, 5, 7].forEach((token) => expect(tempo[token]).toBeCloseTo(grpo[token]!, 12));
    expect(tempo[2]).toBeCloseTo(2 * grpo[2]!, 12);
  });

  test('missing token ids are named', () => {
    const { tokenIds: _, ...batch } = batchOfTokens([[1]], [1]);
    expect(() => createObjective('tempo').advantages(batch)).toThrow(/tokenIds are missing/);
  });
});
