import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../errors.js';
import { parseModelConfig } from '../model/config.js';
import { initWeights } from '../model/init.js';
import { tinyModel } from '../testing/tiny-model.js';
import { LocalEngine } from './local-engine.js';

const { config, weights } = tinyModel('qwen3', false);
const folder = { config, weights, companions: new Map<string, Uint8Array>() };
const WIDE = { model_type: 'llama', vocab_size: 19, num_attention_heads: 8, max_position_embeddings: 64 };
const batch = {
  tokens: Int32Array.from([3, 5, 2, 8, 1, 4, 4, 9]),
  offsets: Int32Array.from([0, 5, 8]),
  scored: Uint8Array.from([0, 0, 1, 1, 1, 0, 1, 1]),
};
const gradients = { logProb: Float32Array.from(batch.scored, (scored, t) => (scored ? -1 - t : 0)) };
let engine: LocalEngine;
let scratch: string;

beforeAll(async () => {
  engine = await LocalEngine.create(folder, { threads: 1 });
  scratch = await mkdtemp(join(tmpdir(), 'touchstone-engine-'));
});

afterAll(async () => {
  await engine.dispose();
  await rm(scratch, { recursive: true });
});

async function train(trained: LocalEngine, steps: number): Promise<number[]> {
  const norms: number[] = [];
  for (let i = 0; i < steps; i++) {
    await trained.forwardBackward(batch, gradients);
    norms.push((await trained.optimStep({ learningRate: 0.01, weightDecay: 0.1, maxGradNorm: 1 })).gradNorm);
  }
  return norms;
}

describe('LocalEngine', () => {
  it('learns: a step along the gradient makes the weighted tokens likelier', async () => {
    const student = await engine.fork();
    const before = await student.forward(batch);
    await train(student, 5);
    const after = await student.forward(batch, { entropy: true });
    const total = (column: Float32Array) => column.reduce((sum, x, t) => sum + x * (1 + t), 0);
    expect(total(after.logProb)).toBeGreaterThan(total(before.logProb) + 1);
    expect(after.entropy).toHaveLength(8);
    await student.dispose();
  });

  it('answers after its end with an error, and ends once: forks live on', async () => {
    const first = await LocalEngine.create(folder, { threads: 1 });
    const second = await first.fork();
    await first.dispose();
    await first.dispose();
    await expect(first.forward(batch)).rejects.toThrow(/must not be disposed/);
    expect((await second.forward(batch)).logProb).toEqual((await engine.forward(batch)).logProb);
    const under = expect(second.forward(batch)).resolves.toBeDefined();
    await second.dispose();
    await under;
    await expect(second.forward(batch)).rejects.toThrow(/must not be disposed/);
  });

  it('a fork is independent, a frozen one refuses to train', async () => {
    const before = (await engine.forward(batch)).logProb;
    const [student, frozen] = [await engine.fork(), await engine.fork({ frozen: true })];
    await train(student, 2);
    expect((await engine.forward(batch)).logProb).toEqual(before);
    expect((await frozen.forward(batch)).logProb).toEqual(before);
    await expect(frozen.forwardBackward(batch, gradients)).rejects.toThrow(/frozen fork cannot be trained/);
    await student.dispose();
    await frozen.dispose();
  });

  it('a fork follows another one as far as it is told', async () => {
    const [student, teacher] = [await engine.fork(), await engine.fork({ frozen: true })];
    const begun = (await teacher.forward(batch)).logProb;
    await train(student, 3);
    const learnt = (await student.forward(batch)).logProb;
    await teacher.moveTowards(student, 0);
    expect((await teacher.forward(batch)).logProb).toEqual(begun);
    await teacher.moveTowards(student, 0.5);
    const between = (await teacher.forward(batch)).logProb;
    expect(between).not.toEqual(begun);
    expect(between).not.toEqual(learnt);
    await teacher.moveTowards(student, 1);
    expect((await teacher.forward(batch)).logProb).toEqual(learnt);
    expect((await student.forward(batch)).logProb).toEqual(learnt);
    await expect(teacher.moveTowards(student, 1.5)).rejects.toThrow(/share must be from 0 to 1, got 1.5/);
    const stranger = await LocalEngine.create(folder, { threads: 1 });
    await expect(teacher.moveTowards(stranger, 1)).rejects.toThrow(/other must be a fork of the same model/);
    await stranger.dispose();
    await student.dispose();
    await teacher.dispose();
  });

  it('a step that is asked for before its gradient was answered is the one asked for after, or fails with it', async () => {
    const [inTurn, atOnce] = [await engine.fork(), await engine.fork()];
    await train(inTurn, 2);
    const step = { learningRate: 0.01, weightDecay: 0.1, maxGradNorm: 1 };
    await Promise.all([atOnce.forwardBackward(batch, gradients), atOnce.optimStep(step)]);
    const before = (await atOnce.forward(batch)).logProb;
    const [gradient, late] = await Promise.allSettled([
      atOnce.forwardBackward(batch, { ...gradients, value: gradients.logProb }),
      atOnce.optimStep(step),
    ]);
    expect(gradient).toMatchObject({ status: 'rejected' });
    expect(String(late.status === 'rejected' && late.reason)).toMatch(/since the last step must have succeeded/);
    expect((await atOnce.forward(batch)).logProb).toEqual(before);
    await Promise.all([atOnce.forwardBackward(batch, gradients), atOnce.optimStep(step)]);
    expect((await atOnce.forward(batch)).logProb).toEqual((await inTurn.forward(batch)).logProb);
    await inTurn.dispose();
    await atOnce.dispose();
  });

  it('goes on from a saved state bit for bit', async () => {
    const [straight, broken] = [await engine.fork(), await engine.fork()];
    const norms = await train(straight, 5);
    await train(broken, 2);
    await broken.saveState(join(scratch, 'state'));
    await broken.dispose();
    const resumed = await LocalEngine.load(join(scratch, 'state'), { threads: 1 });
    await resumed.loadState(join(scratch, 'state'));
    expect(await train(resumed, 3)).toEqual(norms.slice(2));
    const request = [{ prompt: Int32Array.of(3, 4), seeds: [1, 2, 3] }];
    const options = { maxNewTokens: 9 };
    expect(await resumed.sample(request, options)).toEqual(await straight.sample(request, options));
    await resumed.dispose();
    await straight.dispose();
  });

  it('reports a non-finite gradient and keeps the weights', async () => {
    const student = await engine.fork();
    const before = (await student.forward(batch)).logProb;
    await student.forwardBackward(batch, { logProb: gradients.logProb.map((g) => (g === 0 ? 0 : Infinity)) });
    expect(Number.isFinite((await student.optimStep({ learningRate: 1 })).gradNorm)).toBe(false);
    expect((await student.forward(batch)).logProb).toEqual(before);
    await student.dispose();
  });

  it('answers wrong arguments with one line that says what to do', async () => {
    const long = { prompt: new Int32Array(32).fill(2), seeds: [1] };
    await expect(engine.sample([long], { maxNewTokens: 4 })).rejects.toThrow(
      'sample: prompt 0 must be shorter than the context of 32 tokens, got 32 tokens; ' +
        'shorten the prompt or use a model with a longer context',
    );
    await expect(engine.sample([{ prompt: Int32Array.of(19), seeds: [1] }], { maxNewTokens: 4 })).rejects.toThrow(
      /tokens must be in \[0, 19\), got 19/,
    );
    await expect(engine.forward({ ...batch, offsets: Int32Array.of(0, 5) })).rejects.toThrow(/offsets must run from 0/);
    await expect(engine.optimStep({ learningRate: NaN })).rejects.toBeInstanceOf(EngineError);
    await expect(LocalEngine.load(join(scratch, 'absent'))).rejects.toMatchObject({ code: 'folder-missing' });
  });

  it('keeps the process responsive while it computes', async () => {
    // Few passes of many milliseconds each: computing on this thread would leave a tick or two between them.
    const wide = parseModelConfig({ ...WIDE, hidden_size: 512, intermediate_size: 1024, num_hidden_layers: 2 });
    const slow = await LocalEngine.create({ ...folder, config: wide, weights: initWeights(wide, 1) }, { threads: 1 });
    const tokens = Int32Array.from({ length: 2048 }, (_, t) => t % 19);
    const long = { tokens, offsets: Int32Array.from({ length: 33 }, (_, i) => 64 * i) };
    await slow.forward(batch);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await slow.forward(long);
    clearInterval(timer);
    await slow.dispose();
    expect(ticks).toBeGreaterThan(25);
  });
});
