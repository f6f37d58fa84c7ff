import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DrawnToken } from '../engine.js';
import { parseModelConfig } from '../model/config.js';
import { initWeights } from '../model/init.js';
import { LocalEngine } from './local-engine.js';

/** Large enough that the work of two threads is halved. */
const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: 512,
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  initializer_range: 0.1,
  tie_word_embeddings: true,
});
const folder = { config, weights: initWeights(config, 3), companions: new Map<string, Uint8Array>() };
// The second request is cut through.
const requests = [5, 14, 3].map((count, r) => ({
  prompt: Int32Array.of(3 + r, 5, 2),
  seeds: Array.from({ length: count }, (_, i) => 100 * r + i),
}));
const options = { maxNewTokens: 48 };
let halved: LocalEngine;
let whole: LocalEngine;

beforeAll(async () => {
  halved = await LocalEngine.create(folder, { threads: 2 });
  whole = await LocalEngine.create(folder, { threads: 1 });
});

afterAll(async () => {
  await halved.dispose();
  await whole.dispose();
});

async function batchOf(engine: LocalEngine) {
  const groups = await engine.sample(requests, options);
  const rows = groups.flatMap((group, r) => group.map(({ tokens }) => [...requests[r]!.prompt, ...tokens]));
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (offsets[i + 1] = offsets[i]! + row.length));
  return { tokens: Int32Array.from(rows.flat()), offsets };
}

it('two lanes give the samples that one gives, and report each token once', async () => {
  const drawn: DrawnToken[] = [];
  const samples = await halved.sample(requests, options, { onTokens: (tokens) => drawn.push(...tokens) });
  const expected = await whole.sample(requests, options);
  samples.forEach((group, request) => {
    expect(group.length).toBe(requests[request]!.seeds.length);
    group.forEach(({ tokens, logProbs, finish }, member) => {
      expect([tokens, finish]).toEqual([expected[request]![member]!.tokens, expected[request]![member]!.finish]);
      logProbs.forEach((logProb, t) => expect(logProb).toBeCloseTo(expected[request]![member]!.logProbs[t]!, 4));
      const own = drawn.filter((each) => each.request === request && each.member === member);
      expect(own.map(({ token }) => token)).toEqual([...tokens]);
    });
  });
});

it('two lanes accumulate the gradient that one accumulates, and train on from there', async () => {
  const batch = await batchOf(whole);
  const gradients = {
    logProb: Float32Array.from(batch.tokens, (_, t) => (batch.offsets.includes(t) ? 0 : Math.sin(t))),
  };
  const settings = { learningRate: 0.003, maxGradNorm: 1 };
  for (let step = 0; step < 3; step++) {
    const [ours, theirs] = [
      await halved.forwardBackward(batch, gradients),
      await whole.forwardBackward(batch, gradients),
    ];
    ours.logProb.forEach((value, t) => expect(value).toBeCloseTo(theirs.logProb[t]!, 3));
    const [one, other] = [await halved.optimStep(settings), await whole.optimStep(settings)];
    expect(one.gradNorm / other.gradNorm).toBeCloseTo(1, 3);
  }
  expect((await halved.sample(requests, options))[0]![0]!.tokens).toHaveLength(48);
});

it('after updates the log-probs of sampling are those of forward: both lanes and compiled graphs have the new weights', async () => {
  for (const engine of [halved, whole]) {
    const groups = await engine.sample(requests, options);
    const rows = groups.flatMap((group, r) => group.map((sample) => ({ ...sample, prompt: requests[r]!.prompt })));
    const offsets = new Int32Array(rows.length + 1);
    rows.forEach(({ tokens }, i) => (offsets[i + 1] = offsets[i]! + 3 + tokens.length));
    const tokens = Int32Array.from(rows.flatMap((row) => [...row.prompt, ...row.tokens]));
    const { logProb } = await engine.forward({ tokens, offsets });
    rows.forEach(({ logProbs }, i) => {
      logProbs.forEach((value, t) => expect(value).toBeCloseTo(logProb[offsets[i]! + 3 + t]!, 4));
    });
  }
});

it('a checkpoint holds the moments of both lanes, and brings them back', async () => {
  const checkpoint = await mkdtemp(join(tmpdir(), 'lanes-'));
  const batch = await batchOf(whole);
  const gradients = { logProb: Float32Array.from(batch.tokens, (_, t) => Math.cos(t)) };
  const learn = async () => {
    await halved.forwardBackward(batch, gradients);
    await halved.optimStep({ learningRate: 0.003 });
    return await halved.forward(batch);
  };
  await learn();
  await halved.saveState(checkpoint);
  const after = await learn();
  // What was accumulated before a checkpoint is loaded is forgotten in both lanes.
  await halved.forwardBackward(batch, gradients);
  await halved.loadState(checkpoint);
  expect(await learn()).toEqual(after);
  await rm(checkpoint, { recursive: true });
});

it('a folder without an optimiser begins one anew in both lanes', async () => {
  const checkpoint = await mkdtemp(join(tmpdir(), 'lanes-'));
  await halved.saveState(checkpoint, { weightsOnly: true });
  const fresh = await LocalEngine.load(checkpoint, { threads: 2 });
  await halved.loadState(checkpoint);
  const batch = await batchOf(whole);
  const gradients = { logProb: Float32Array.from(batch.tokens, (_, t) => Math.cos(t)) };
  const learned = [];
  for (const engine of [halved, fresh]) {
    await engine.forwardBackward(batch, gradients);
    await engine.optimStep({ learningRate: 0.003 });
    learned.push(await engine.forward(batch));
  }
  expect(learned[0]).toEqual(learned[1]);
  await fresh.dispose();
  await rm(checkpoint, { recursive: true });
});

/** Enough for several runs of a graph in each lane, the last sequences last. */
async function longBatch() {
  const { tokens, offsets } = await batchOf(whole);
  const copies = Array.from({ length: 6 }, (_, copy) => copy);
  return {
    tokens: Int32Array.from(copies.flatMap(() => [...tokens])),
    offsets: Int32Array.from([
      0,
      ...copies.flatMap((copy) => [...offsets.subarray(1)].map((o) => o + copy * tokens.length)),
    ]),
  };
}

it('of a gradient that fails in one lane nothing goes on or stays in the other', async () => {
  const batch = await longBatch();
  const size = batch.tokens.length;
  const gradients = { logProb: Float32Array.from(batch.tokens, (_, t) => Math.cos(t)) };
  // Tokens that no vocabulary has, in the last sequences: the second lane fails at once, the first one computes on.
  const ids = Int32Array.from(batch.tokens, (_, t) => (t < 0.6 * size ? 0 : 2 ** 30));
  const topK = { ids, weights: new Float32Array(size).fill(1), width: 1 };
  const [failed, untouched] = [await halved.fork(), await halved.fork()];
  const learn = async (engine: LocalEngine) => {
    await engine.forwardBackward(batch, gradients);
    await engine.optimStep({ learningRate: 0.003 });
    return await engine.forward(batch);
  };
  await expect(failed.forwardBackward(batch, { ...gradients, topK })).rejects.toThrow(/bounds/);
  const message = 'optimStep: every forwardBackward since the last step must have succeeded';
  await expect(failed.optimStep({ learningRate: 0.003 })).rejects.toThrow(message);
  expect(await learn(failed)).toEqual(await learn(untouched));
  await failed.dispose();
  await untouched.dispose();
});

it('weights that change between a gradient and its step are those that both lanes move', async () => {
  const batch = await batchOf(whole);
  const gradients = { logProb: Float32Array.from(batch.tokens, (_, t) => Math.cos(t)) };
  const [moved, other] = [await halved.fork(), await halved.fork()];
  for (const engine of [other, moved]) await engine.forwardBackward(batch, gradients);
  await other.optimStep({ learningRate: 0.01 });
  await moved.moveTowards(other, 1);
  await moved.optimStep({ learningRate: 0 });
  expect(await moved.forward(batch)).toEqual(await other.forward(batch));
  await moved.dispose();
  await other.dispose();
});

it('a checkpoint that is loaded after a gradient failed begins anew', async () => {
  const checkpoint = await mkdtemp(join(tmpdir(), 'lanes-'));
  const batch = await longBatch();
  const gradients = { logProb: Float32Array.from(batch.tokens, (_, t) => Math.cos(t)) };
  const topK = { ids: Int32Array.from(batch.tokens, () => 2 ** 30), weights: gradients.logProb, width: 1 };
  await halved.saveState(checkpoint);
  await expect(halved.forwardBackward(batch, { ...gradients, topK })).rejects.toThrow(/bounds/);
  await halved.loadState(checkpoint);
  await halved.forwardBackward(batch, gradients);
  expect((await halved.optimStep({ learningRate: 0.003 })).gradNorm).toBeGreaterThan(0);
  await rm(checkpoint, { recursive: true });
});

it('two lanes give equal results on every run', async () => {
  const first = await halved.sample(requests, options);
  expect(await halved.sample(requests, options)).toEqual(first);
  const batch = await batchOf(whole);
  expect(await halved.forward(batch)).toEqual(await halved.forward(batch));
});
