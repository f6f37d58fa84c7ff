import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder, saveModelFolder } from '../model/folder.js';
import { initWeights, withValueHead } from '../model/init.js';
import { VALUE_HEAD, weightView } from '../model/layout.js';
import { slope } from '../testing/slope.js';
import { TINY_MODELS, tinyModel } from '../testing/tiny-model.js';
import { computeColumns } from './columns.js';
import { LocalEngine } from './local-engine.js';
import { createModelState, trainingState } from './model-state.js';
import { SessionCache } from './session-cache.js';

const batch = {
  tokens: Int32Array.from([3, 5, 2, 8, 1, 4, 4, 9, 18, 0, 7, 3, 11, 12]),
  offsets: Int32Array.from([0, 5, 7, 14]),
  scored: Uint8Array.from([0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1]),
  temperature: 0.8,
};
/** Weights of the value and of the log-prob at each token; their loss mixes both heads. */
const byValue = Float32Array.from(batch.scored, (scored, t) => scored * Math.cos(t + 1));
const byLogProb = Float32Array.from(batch.scored, (scored, t) => scored * Math.sin(t + 1));
const sessions = new SessionCache(1);

function eachSequence(visit: (tokens: Int32Array, from: number) => void): void {
  for (let i = 0; i + 1 < batch.offsets.length; i++) {
    visit(batch.tokens.subarray(batch.offsets[i], batch.offsets[i + 1]), batch.offsets[i]!);
  }
}

describe.each(TINY_MODELS)('the value column of %s (tied: %s)', (family, tied) => {
  const model = tinyModel(family, tied, true);

  it('is the head on the tokens before, whatever the temperature, and 0 where unscored', async () => {
    const state = createModelState(model.config, model.weights, false);
    const { value } = await computeColumns(sessions, state, batch, { value: true });
    eachSequence((tokens, from) => {
      const expected = model.values(tokens);
      tokens.forEach((_, i) => {
        const wanted = batch.scored[from + i] === 1 ? expected[i - 1]! : 0;
        expect(value![from + i]).toBeCloseTo(wanted, 4);
      });
    });
  });

  it('has the gradient of finite differences, alone and beside that of the log-prob', async () => {
    for (const logProb of [new Float32Array(byLogProb.length), byLogProb]) {
      const state = createModelState(model.config, model.weights, false);
      await computeColumns(sessions, state, batch, {}, { logProb, value: byValue });
      const { gradient } = trainingState(state);
      const loss = () => {
        let total = 0;
        eachSequence((tokens, from) => {
          const [values, logits] = [model.values(tokens), model.logits(tokens)];
          for (let i = 1; i < tokens.length; i++) {
            if (batch.scored[from + i] === 0) continue;
            const row = logits[i - 1]!.map((logit) => Math.exp(logit / batch.temperature));
            const log = Math.log(row[tokens[i]!]! / row.reduce((sum, p) => sum + p, 0));
            total += byValue[from + i]! * values[i - 1]! + logProb[from + i]! * log;
          }
        });
        return total;
      };
      for (const { offset, length } of model.weights.layout.slices.values()) {
        for (const i of new Set([offset, offset + Math.floor(length / 2), offset + length - 1])) {
          const numeric = slope(model.weights.data, i, loss);
          expect(Math.abs(gradient[i]! - numeric)).toBeLessThan(2e-3 * Math.max(1, Math.abs(numeric)));
        }
      }
    }
  });
});

it('a prompt computed once for its group gives the values and gradients of one computed for each', async () => {
  const { config, weights } = tinyModel('qwen3', true, true);
  const prompt = [3, 5, 2, 8, 1, 4, 4, 9, 18, 0, 7, 3, 11, 12, 6, 6, 2];
  const answers = [[4], [5, 6, 1], [9, 2], [4, 4, 4]];
  const [together, apart] = [createModelState(config, weights, false), createModelState(config, weights, false)];
  const batchOf = (rows: readonly number[][]) => {
    const offsets = new Int32Array(rows.length + 1);
    rows.forEach((row, i) => (offsets[i + 1] = offsets[i]! + prompt.length + row.length));
    const scored = rows.flatMap((row) => [...prompt.map(() => 0), ...row.map(() => 1)]);
    const tokens = Int32Array.from(rows.flatMap((row) => [...prompt, ...row]));
    return { tokens, offsets, scored: Uint8Array.from(scored) };
  };
  const gradientsOf = (scored: Uint8Array, start: number) => ({
    logProb: new Float32Array(scored.length),
    value: Float32Array.from(scored, (flag, t) => flag * Math.cos(start + t)),
  });
  const whole = batchOf(answers);
  const wanted = { value: true };
  const { value } = await computeColumns(sessions, together, whole, wanted, gradientsOf(whole.scored, 0));
  for (const [i, answer] of answers.entries()) {
    const from = whole.offsets[i]!;
    const one = batchOf([answer]);
    const columns = await computeColumns(sessions, apart, one, wanted, gradientsOf(one.scored, from));
    columns.value!.forEach((each, t) => expect(value![from + t]).toBeCloseTo(each, 5));
  }
  const expected = trainingState(apart).gradient;
  trainingState(together).gradient.forEach((g, i) => expect(g).toBeCloseTo(expected[i]!, 4));
});

describe('an engine', () => {
  const { config, weights } = tinyModel('llama', true);
  const plain = { config, weights, companions: new Map<string, Uint8Array>() };
  const gradients = { logProb: byLogProb, value: byValue };
  const adam = { learningRate: 0.01, weightDecay: 0.1, maxGradNorm: 1 };
  let scratch: string;
  beforeAll(async () => (scratch = await mkdtemp(join(tmpdir(), 'touchstone-value-'))));
  afterAll(() => rm(scratch, { recursive: true }));

  it('without a head says what to do, and refuses one once it trains', async () => {
    const engine = await LocalEngine.create(plain, { threads: 1 });
    const message = 'LocalEngine: values need a model with a value head; call addValueHead first';
    await expect(engine.forward(batch, { value: true })).rejects.toThrow(message);
    await expect(engine.forwardBackward(batch, gradients)).rejects.toThrow(message);
    await engine.forwardBackward(batch, { logProb: byLogProb });
    const rate = 'LocalEngine: valueHeadLearningRate needs a model with a value head; call addValueHead first';
    await expect(engine.optimStep({ learningRate: 0, valueHeadLearningRate: 1 })).rejects.toThrow(rate);
    await expect(engine.addValueHead(1)).rejects.toThrow(/must come before training; add the value head before/);
    await engine.dispose();
  });

  it('is given the head that the seed draws, once, and otherwise computes what it did', async () => {
    const engine = await LocalEngine.create(plain, { threads: 1 });
    const before = await engine.forward(batch, { entropy: true });
    const request = [{ prompt: Int32Array.of(3, 4), seeds: [1, 2] }];
    const samples = await engine.sample(request, { maxNewTokens: 6 });
    const { parameters } = engine.model;
    await engine.addValueHead(5);
    await engine.addValueHead(6);
    expect(engine.model.parameters).toBe(parameters + 17);
    const { value, ...same } = await engine.forward(batch, { entropy: true, value: true });
    expect(same).toEqual(before);
    expect(await engine.sample(request, { maxNewTokens: 6 })).toEqual(samples);
    const weights = withValueHead(plain.weights, plain.config, 5);
    expect(Array.from(weightView(weights, VALUE_HEAD.bias))).toEqual([0]);
    const state = createModelState({ ...plain.config, valueHead: true }, weights, true);
    expect(value).toEqual((await computeColumns(sessions, state, batch, { value: true })).value);
    await engine.dispose();
  });

  it('goes on from a saved state bit for bit, its head in a file of its own', async () => {
    const folder = join(scratch, 'state');
    const straight = await LocalEngine.create(plain, { threads: 1 });
    await straight.addValueHead(5);
    const step = async (engine: LocalEngine) => {
      const { value } = await engine.forwardBackward(batch, gradients, { value: true });
      return [value, await engine.optimStep(adam)];
    };
    await step(straight);
    await step(straight);
    await straight.saveState(folder);
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'optimizer.safetensors',
      'value_head.safetensors',
    ]);
    const loaded = await LocalEngine.load(folder, { threads: 1 });
    await loaded.loadState(folder);
    const fresh = await LocalEngine.create(plain, { threads: 1 });
    await expect(fresh.loadState(folder)).rejects.toThrow(/give it one with addValueHead first/);
    await fresh.addValueHead(9);
    await fresh.loadState(folder);
    const expected = await step(straight);
    expect(await step(loaded)).toEqual(expected);
    expect(await step(fresh)).toEqual(expected);
    for (const engine of [straight, loaded, fresh]) await engine.dispose();
  });

  it('learns values: the squared error falls, head and model together', async () => {
    const engine = await LocalEngine.create(plain, { threads: 1 });
    await engine.addValueHead(5);
    const errors: number[] = [];
    for (let i = 0; i < 30; i++) {
      const { value } = await engine.forward(batch, { value: true });
      const error = value!.map((v, t) => (batch.scored[t] === 1 ? v - Math.sin(3 * t) : 0));
      errors.push(error.reduce((sum, e) => sum + e * e, 0));
      await engine.forwardBackward(batch, { logProb: new Float32Array(error.length), value: error });
      await engine.optimStep({ learningRate: 0.02 });
    }
    expect(errors.at(-1)).toBeLessThan(errors[0]! / 20);
    await engine.dispose();
  });

  it('trains the head alone where only the head has a learning rate', async () => {
    const engine = await LocalEngine.create(plain, { threads: 1 });
    await engine.addValueHead(5);
    const before = await engine.forward(batch, { value: true });
    await expect(engine.optimStep({ learningRate: 0, valueHeadLearningRate: NaN })).rejects.toThrow(
      'valueHeadLearningRate must be finite and not negative, got NaN',
    );
    await engine.forwardBackward(batch, gradients);
    await engine.optimStep({ ...adam, learningRate: 0, valueHeadLearningRate: 0.01 });
    const after = await engine.forward(batch, { value: true });
    expect(after.logProb).toEqual(before.logProb);
    after.value!.forEach((value, t) => {
      if (batch.scored[t] === 1) expect(value).not.toBe(before.value![t]);
    });
    await engine.dispose();
  });

  it('keeps a head in f32 beside weights in bf16, and a folder without one has none from before', async () => {
    const folder = join(scratch, 'storage');
    const { config } = tinyModel('llama', true, true);
    const weights = initWeights(config, 3);
    const companions = new Map<string, Uint8Array>();
    await saveModelFolder(folder, { config, weights, companions }, 'bf16');
    const loaded = await loadModelFolder(folder);
    expect(loaded.config).toEqual(config);
    expect(weightView(loaded.weights, VALUE_HEAD.weight)).toEqual(weightView(weights, VALUE_HEAD.weight));
    await saveModelFolder(folder, plain);
    expect((await loadModelFolder(folder)).config.valueHead).toBe(false);
  });
});
