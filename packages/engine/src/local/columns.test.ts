import { describe, expect, it } from 'vitest';
import type { TokenBatch } from '../engine.js';
import { slope } from '../testing/slope.js';
import { referenceColumns, referenceTopK, type ReferenceColumns } from '../testing/reference-columns.js';
import { TINY_MODELS, tinyModel, type TinyModel } from '../testing/tiny-model.js';
import { computeColumns } from './columns.js';
import { createModelState, trainingState } from './model-state.js';
import { SessionCache } from './session-cache.js';

const TEMPERATURE = 0.8;
const batch: TokenBatch & { readonly scored: Uint8Array } = {
  tokens: Int32Array.from([3, 5, 2, 8, 1, 4, 4, 9, 18, 0, 7, 3, 11, 12]),
  offsets: Int32Array.from([0, 5, 7, 14]),
  scored: Uint8Array.from([0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1]),
  temperature: TEMPERATURE,
};
const sessions = new SessionCache(1);

/** The reference's columns at each scored token. */
function referenceAt(model: TinyModel): Map<number, ReferenceColumns> {
  const result = new Map<number, ReferenceColumns>();
  for (let i = 0; i + 1 < batch.offsets.length; i++) {
    const [from, to] = [batch.offsets[i]!, batch.offsets[i + 1]!];
    const rows = model.logits(batch.tokens.subarray(from, to));
    for (let t = from + 1; t < to; t++) {
      if (batch.scored[t]) result.set(t, referenceColumns(rows[t - from - 1]!, batch.tokens[t]!, TEMPERATURE));
    }
  }
  return result;
}

describe.each(TINY_MODELS)('columns of %s (tied: %s)', (family, tied) => {
  it('are those of the definition, and 0 where unscored', async () => {
    const model = tinyModel(family, tied);
    const state = createModelState(model.config, model.weights, false);
    const ids = Int32Array.from({ length: batch.tokens.length * 2 }, (_, i) => (i * 5) % 19);
    const flags = { entropy: true, meanLogProb: true, topLogProb: true, logit: true };
    const wanted = { ...flags, topK: 3, tokenIds: { ids, width: 2 } };
    const got = await computeColumns(sessions, state, batch, wanted);
    const reference = referenceAt(model);
    for (let t = 0; t < batch.tokens.length; t++) {
      const expected = reference.get(t);
      expect(got.logProb[t]).toBeCloseTo(expected?.logProb ?? 0, 4);
      expect(got.entropy![t]).toBeCloseTo(expected?.entropy ?? 0, 4);
      expect(got.meanLogProb![t]).toBeCloseTo(expected?.meanLogProb ?? 0, 4);
      expect(got.topLogProb![t]).toBeCloseTo(expected?.topLogProb ?? 0, 4);
      expect(got.logit![t]).toBeCloseTo(expected?.logit ?? 0, 4);
      if (!expected) continue;
      referenceTopK(expected.logProbs, 3).forEach(({ id, logProb }, k) => {
        expect(got.topKIds![3 * t + k]).toBe(id);
        expect(got.topKLogProb![3 * t + k]).toBeCloseTo(logProb, 4);
      });
      for (const j of [2 * t, 2 * t + 1]) {
        expect(got.tokenIdsLogProb![j]).toBeCloseTo(expected.logProbs[ids[j]!]!, 4);
      }
    }
  });

  it('have the gradient of finite differences, and it accumulates', async () => {
    const model = tinyModel(family, tied);
    const { weights } = model;
    const state = createModelState(model.config, weights, false);
    const logProb = Float32Array.from(batch.tokens, (_, t) => (batch.scored[t] ? Math.sin(t + 1) : 0));
    const topK = {
      width: 2,
      ids: Int32Array.from({ length: batch.tokens.length * 2 }, (_, i) => (i * 5) % 19),
      weights: Float32Array.from({ length: batch.tokens.length * 2 }, (_, i) => (batch.scored[i >> 1] ? 0.1 * i : 0)),
    };
    const gradients = { logProb, entropy: logProb.map((w) => w / 2), meanLogProb: logProb.map((w) => -w), topK };
    await computeColumns(sessions, state, batch, {}, gradients);
    await computeColumns(sessions, state, batch, {}, gradients);
    const loss = () => {
      let total = 0;
      for (const [t, c] of referenceAt(model)) {
        total += logProb[t]! * (c.logProb + c.entropy / 2 - c.meanLogProb);
        for (const j of [2 * t, 2 * t + 1]) total += topK.weights[j]! * c.logProbs[topK.ids[j]!]!;
      }
      return total;
    };
    const { gradient } = trainingState(state);
    for (const { offset, length } of weights.layout.slices.values()) {
      for (const i of new Set([offset, offset + Math.floor(length / 2), offset + length - 1])) {
        const numeric = slope(weights.data, i, loss);
        expect(gradient[i]! / 2 - numeric).toBeLessThan(2e-3 * Math.max(1, Math.abs(numeric)));
        expect(numeric - gradient[i]! / 2).toBeLessThan(2e-3 * Math.max(1, Math.abs(numeric)));
      }
    }
  });
});

it('a prompt computed once for its group gives the same columns and gradients as one computed for each', async () => {
  const { config, weights } = tinyModel('qwen3', true);
  const prompt = [3, 5, 2, 8, 1, 4, 4, 9, 18, 0, 7, 3, 11, 12, 6, 6, 2];
  const answers = [[4], [5, 6, 1], [9, 2], [4, 4, 4]];
  const tokens = Int32Array.from(answers.flatMap((answer) => [...prompt, ...answer]));
  const offsets = Int32Array.from([0, 18, 38, 57, 77]);
  const start = (t: number) => offsets.findLast((offset) => offset <= t)!;
  const scored = Uint8Array.from(tokens, (_, t) => (t - start(t) >= prompt.length ? 1 : 0));
  const gradients = { logProb: Float32Array.from(scored, (flag, t) => flag * Math.cos(t)) };
  const together = createModelState(config, weights, false);
  const whole = await computeColumns(sessions, together, { tokens, offsets, scored }, { entropy: true }, gradients);
  const apart = createModelState(config, weights, false);
  for (let i = 0; i < answers.length; i++) {
    const [from, to] = [offsets[i]!, offsets[i + 1]!];
    const one = {
      tokens: tokens.slice(from, to),
      offsets: Int32Array.of(0, to - from),
      scored: scored.slice(from, to),
    };
    const weight = { logProb: gradients.logProb.slice(from, to) };
    const columns = await computeColumns(sessions, apart, one, { entropy: true }, weight);
    columns.logProb.forEach((value, t) => expect(whole.logProb[from + t]).toBeCloseTo(value, 5));
    columns.entropy!.forEach((value, t) => expect(whole.entropy![from + t]).toBeCloseTo(value, 5));
  }
  const expected = trainingState(apart).gradient;
  trainingState(together).gradient.forEach((g, i) => expect(g).toBeCloseTo(expected[i]!, 4));
});

it('several threads accumulate the gradient that one does, repeated tokens included', async () => {
  const { config, weights } = tinyModel('qwen3', true);
  const gradients = { logProb: Float32Array.from(batch.scored, (flag, t) => flag * Math.cos(t)) };
  const gradientOf = async (threads: number) => {
    const state = createModelState(config, weights, false);
    const cache = new SessionCache(threads);
    await computeColumns(cache, state, batch, {}, gradients);
    await cache.release();
    return trainingState(state).gradient;
  };
  const one = await gradientOf(1);
  (await gradientOf(3)).forEach((g, i) => expect(g).toBeCloseTo(one[i]!, 5));
});

it('a sequence without scored tokens, and a batch of one token, cost nothing and give zeros', async () => {
  const { config, weights } = tinyModel('llama', true);
  const state = createModelState(config, weights, false);
  const tokens = Int32Array.of(3, 4, 5);
  const none = { tokens, offsets: Int32Array.of(0, 2, 3), scored: new Uint8Array(3) };
  expect((await computeColumns(sessions, state, none, { entropy: true })).entropy).toEqual(new Float32Array(3));
});
