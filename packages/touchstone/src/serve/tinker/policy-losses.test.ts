import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalEngine } from '@touchstone/engine';
import type { PolicyLoss, TokenBatch } from '@touchstone/engine';
import { TinkerEngine } from '@touchstone/engine/tinker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../../testing/tiny-model.js';
import { startTinkerServer, type TinkerServer } from './tinker-server.js';

let folder: string;
let engine: LocalEngine;
let server: TinkerServer;
let client: TinkerEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-'));
  await writeTinyModel(join(folder, 'model'));
  engine = await LocalEngine.load(join(folder, 'model'), { threads: 1 });
  const names = { modelName: 'tiny', tokenizerId: 'tiny', stateFolder: join(folder, 'state') };
  server = await startTinkerServer({ engine, ...names, port: 0, maxModels: 4 });
  const lora = { rank: 8, seed: 0 };
  client = await TinkerEngine.connect({ baseUrl: server.url, baseModel: 'tiny', model: engine.model, lora });
});

afterAll(async () => {
  await client.dispose();
  await server.close();
  await engine.dispose();
  await rm(folder, { recursive: true });
});

/** Two sequences behind prompts of two tokens. */
const batch: TokenBatch = {
  tokens: Int32Array.of(5, 9, 3, 12, 7, 7, 2, 4, 11, 8, 6, 10, 3),
  offsets: Int32Array.of(0, 7, 13),
  scored: Uint8Array.of(0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1),
};
const RATIOS = [0.3, 0.9, 1, 1.1, 1.25, 4];

/** A loss with ratios on all sides of the bounds, and its derivative by each log-prob. */
function lossOver({ name, low, high }: Pick<PolicyLoss, 'name' | 'low' | 'high'>, logProb: Float32Array) {
  const scored = (t: number) => batch.scored?.[t] === 1;
  const oldLogProb = logProb.map((value, t) => (scored(t) ? value - Math.log(RATIOS[t % 6] as number) : 0));
  const advantages = logProb.map((_, t) => (scored(t) ? Math.cos(2 * t) : 0));
  const gradient = logProb.map((value, t) => {
    const advantage = advantages[t] as number;
    const ratio = Math.exp(value - (oldLogProb[t] as number));
    const bounded = Math.min(Math.max(ratio, low), high);
    if (name === 'cispo') return -bounded * advantage;
    return name === 'ppo' && bounded * advantage < ratio * advantage ? 0 : -ratio * advantage;
  });
  return { gradient, loss: { name, low, high, advantages, oldLogProb, logRatioBound: 20 } };
}

describe('a loss of serve tinker', () => {
  it.each([
    { name: 'importance_sampling', low: 0, high: Infinity },
    { name: 'ppo', low: 0.8, high: 1.2 },
    { name: 'cispo', low: 0, high: 1.28 },
    { name: 'cispo', low: 1, high: 1 },
  ] as const)('$name between $low and $high makes the step that our gradient makes', async (formula) => {
    const [handed, computed] = [await client.fork(), await client.fork()];
    const { logProb } = await handed.forward(batch);
    const { loss, gradient } = lossOver(formula, logProb);
    await handed.forwardBackward(batch, { logProb: gradient });
    expect((await computed.forwardBackwardLoss(batch, loss))?.logProb).toEqual(logProb);
    const [ours, theirs] = [
      await handed.optimStep({ learningRate: 1e-3 }),
      await computed.optimStep({ learningRate: 1e-3 }),
    ];
    expect((theirs.gradNorm as number) / (ours.gradNorm as number)).toBeCloseTo(1, 5);
    const [afterOurs, afterTheirs] = [(await handed.forward(batch)).logProb, (await computed.forward(batch)).logProb];
    for (const [t, value] of afterOurs.entries()) expect(afterTheirs[t]).toBeCloseTo(value, 5);
    expect(afterOurs.some((value, t) => Math.abs(value - (logProb[t] as number)) > 1e-3)).toBe(true);
    await handed.dispose();
    await computed.dispose();
  });
});
