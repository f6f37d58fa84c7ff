import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { TokenBatch } from '../../engine.js';
import type { RetryPolicy } from '../connection.js';
import { TinkerEngine } from '../tinker-engine.js';
import type { FakeServerOptions } from './fake-server.js';
import { FakeServer } from './fake-server.js';

export const INFO = { family: 'tabular', parameters: 64, vocabSize: 8, contextLength: 32, eosTokenIds: [7] };
export const QUICK: RetryPolicy = {
  firstDelayMs: 1,
  maxDelayMs: 20,
  giveUpAfterMs: 3000,
  requestTimeoutMs: 5000,
  pollTimeoutMs: 5000,
};

/** An engine on a server of its own; both end with the test. */
export async function open(
  options: FakeServerOptions,
  extra: Partial<Parameters<typeof TinkerEngine.connect>[0]> = {},
) {
  const server = new FakeServer(options);
  await server.start();
  onTestFinished(() => server.stop());
  const engine = await connect(server, extra);
  return { server, engine };
}

export async function connect(server: FakeServer, extra: Partial<Parameters<typeof TinkerEngine.connect>[0]> = {}) {
  const engine = await TinkerEngine.connect({
    ...{ baseUrl: server.url, baseModel: 'tabular', model: INFO, lora: { rank: 4, seed: 0 }, retry: QUICK },
    ...extra,
  });
  onTestFinished(() => engine.dispose());
  return engine;
}

export async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'touchstone-tinker-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

/** The first `promptLength` tokens of each sequence are not scored. */
export function batchOf(sequences: readonly (readonly number[])[], promptLength = 1): TokenBatch {
  const offsets = Int32Array.from([0, ...sequences.map(({ length }) => length)]);
  for (let i = 1; i < offsets.length; i++) offsets[i] = (offsets[i] as number) + (offsets[i - 1] as number);
  const scored = Uint8Array.from(sequences.flatMap((each) => each.map((_, t) => (t >= promptLength ? 1 : 0))));
  return { tokens: Int32Array.from(sequences.flat()), offsets, scored };
}

export function near(value: number, digits: number): unknown {
  return expect.closeTo(value, digits);
}

/** Asks for a gradient and a step with it: one after the other, or the step before the gradient has been answered. */
export type Update = (engine: TinkerEngine, batch: TokenBatch, gradient: Float32Array) => Promise<unknown>;

const ADAM = { learningRate: 0.1, beta2: 0.95 };

export const inTurn: Update = async (engine, batch, logProb) => {
  await engine.forwardBackward(batch, { logProb });
  await engine.optimStep(ADAM);
};

export const atOnce: Update = async (engine, batch, logProb) =>
  await Promise.all([engine.forwardBackward(batch, { logProb }), engine.optimStep(ADAM)]);

/** Steps whose gradients depend on the log-probs that came before, as a trainer's do. */
export async function trainSteps(engine: TinkerEngine, from: number, count: number, update = inTurn): Promise<void> {
  for (let step = from; step < from + count; step++) {
    const batch = batchOf([
      [step % 8, (step + 1) % 8, 2, 3],
      [4, (step * 3) % 8, 6],
    ]);
    const { logProb } = await engine.forward(batch);
    const gradient = logProb.map((value, t) => (batch.scored?.[t] === 1 ? Math.exp(value) - 0.4 : 0));
    await update(engine, batch, gradient);
  }
}
