import { describe, expect, it } from 'vitest';
import { scoredRollout, someTask } from '../testing/rollouts.js';
import { tokenSource } from '../rollout/rollout.js';
import { gatherColumn, selectBatch, stepBatch, toResponses, tokenBatch, toTokens, withColumns } from './batch.js';

const { environment, policy, demonstration } = tokenSource;

/** Two groups, ragged, with an empty response, one that was not judged, and one with tokens of others. */
const batch = stepBatch([
  { task: someTask, rollouts: [scoredRollout({ response: [3, 4, 5], reward: 1 }), scoredRollout({ response: [] })] },
  {
    task: someTask,
    rollouts: [
      scoredRollout({ response: [6, 7], reward: Number.NaN }),
      scoredRollout({ response: [8, 9, 10], sources: [policy, environment, demonstration] }),
    ],
  },
]);

describe('stepBatch', () => {
  it('lays responses end to end, without prompts', () => {
    expect(batch.view.offsets).toEqual(Int32Array.of(0, 3, 3, 5, 8));
    expect(batch.view.group).toEqual(Int32Array.of(0, 0, 1, 1));
    expect(batch.view.rewards).toEqual(Float64Array.of(1, 0, Number.NaN, 0));
    expect(batch.view.tokenIds).toEqual(Int32Array.of(3, 4, 5, 6, 7, 8, 9, 10));
  });

  it('lets only tokens of the policy in judged responses carry loss', () => {
    expect(batch.view.mask).toEqual(Uint8Array.of(1, 1, 1, 0, 0, 1, 0, 0));
  });
});

describe('tokenBatch', () => {
  it('holds prompts and responses, and scores what carries loss', () => {
    const { tokens, offsets, scored, temperature } = tokenBatch(batch, 0.7);
    expect(tokens).toEqual(Int32Array.of(1, 2, 3, 4, 5, 1, 2, 1, 2, 6, 7, 1, 2, 8, 9, 10));
    expect(offsets).toEqual(Int32Array.of(0, 5, 7, 11, 16));
    expect(scored).toEqual(Uint8Array.of(0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0));
    expect(temperature).toBe(0.7);
  });

  it('spreads a temperature schedule over each response, the last entry holding for the rest', () => {
    const { temperature } = tokenBatch(batch, [2, 0.5]);
    expect(temperature).toEqual(Float32Array.of(1, 1, 2, 0.5, 0.5, 1, 1, 1, 1, 2, 0.5, 1, 1, 2, 0.5, 0.5));
  });
});

describe('columns', () => {
  it('go to the layout of the engine and back, several entries a token too', () => {
    const tokens = tokenBatch(batch, 1);
    const column = Float64Array.from({ length: 8 }, (_, i) => i + 1);
    const spread = toTokens(batch, tokens, column);
    expect(spread).toEqual(Float32Array.of(0, 0, 1, 2, 3, 0, 0, 0, 0, 4, 5, 0, 0, 6, 7, 8));
    expect(toResponses(batch, tokens, spread)).toEqual(column);
    const pairs = toTokens(
      batch,
      tokens,
      Float64Array.from({ length: 16 }, (_, i) => i),
      2,
    );
    expect(Array.from(pairs.subarray(4, 10))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('follow their rollouts into a minibatch', () => {
    const logProb = gatherColumn(batch, (rollout) => rollout.tokens.subarray(rollout.promptLength));
    const part = selectBatch(withColumns(batch, { logProb }), Int32Array.of(3, 0));
    expect(part.view.columns.logProb).toEqual(Float64Array.of(8, 9, 10, 3, 4, 5));
    expect(part.view.group).toEqual(Int32Array.of(1, 0));
    expect(part.rollouts).toEqual([batch.rollouts[3], batch.rollouts[0]]);
  });

  it('must have a value for every token of the response', () => {
    expect(() => gatherColumn(batch, () => [1])).toThrow(/needs 3 values for rollout 0, got 1/);
  });
});
