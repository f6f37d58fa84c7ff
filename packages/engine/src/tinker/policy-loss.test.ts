import { describe, expect, it } from 'vitest';
import type { PolicyLoss, TokenBatch } from '../engine.js';
import type { FakeServerOptions } from './testing/fake-server.js';
import { batchOf, near, open } from './testing/on-fake-server.js';
import { ROUTES } from './wire.js';

const servers: Readonly<Record<string, FakeServerOptions>> = {
  documented: { reduction: 'sum', idempotent: true },
  'like SkyRL on JAX': { reduction: 'sequence-mean', idempotent: false, describesItself: true },
};
const FORMULAS = [
  { name: 'importance_sampling', low: 0, high: Infinity },
  { name: 'ppo', low: 0.8, high: 1.2 },
  { name: 'ppo', low: 0.5, high: 3 },
  { name: 'cispo', low: 0, high: 1.28 },
  { name: 'cispo', low: 1, high: 1 },
] as const;
const BATCH = batchOf([[0, 1, 2, 5, 3], [5], [3, 3, 6, 7], [2, 4]]);

/** Ratios on all sides of the bounds, advantages of both signs. */
function lossOver(
  { name, low, high }: (typeof FORMULAS)[number],
  { scored = new Uint8Array() }: TokenBatch,
  logProb: Float32Array,
): PolicyLoss {
  const shift = (t: number) => Math.log([0.3, 0.9, 1, 1.1, 2, 5][t % 6] as number);
  const oldLogProb = logProb.map((value, t) => (scored[t] === 1 ? value - shift(t) : 0));
  const advantages = logProb.map((_, t) => (scored[t] === 1 ? Math.cos(2 * t) : 0));
  return { name, low, high, advantages, oldLogProb, logRatioBound: 20 };
}

/** Its derivative by each log-prob. */
function gradientOf({ name, low, high, advantages, oldLogProb }: PolicyLoss, logProb: Float32Array): Float32Array {
  return logProb.map((value, t) => {
    const advantage = advantages[t] as number;
    const ratio = Math.exp(value - (oldLogProb[t] as number));
    const bounded = Math.min(Math.max(ratio, low), high);
    if (name === 'cispo') return -bounded * advantage;
    if (name === 'ppo' && bounded * advantage < ratio * advantage) return 0;
    return -ratio * advantage;
  });
}

describe.each(Object.entries(servers))('losses of the server itself: %s', (_, options) => {
  it.each(FORMULAS)('$name between $low and $high: the gradient that ours has, in one request', async (formula) => {
    const { engine, server } = await open(options);
    const { logProb } = await engine.forward(BATCH);
    const loss = lossOver(formula, BATCH, logProb);
    await engine.forwardBackward(BATCH, { logProb: gradientOf(loss, logProb) });
    await engine.optimStep({ learningRate: 0 });
    const expected = server.newest.taken;

    expect((await engine.forwardBackwardLoss(BATCH, loss))?.logProb).toEqual(logProb);
    await engine.optimStep({ learningRate: 0 });
    expect(Array.from(server.newest.taken)).toEqual(Array.from(expected, (value) => near(value, 5)));

    // The server was tried before; from now on it is one request.
    const before = server.requests.length;
    await engine.forwardBackwardLoss(BATCH, loss);
    const routes = server.requests.slice(before).map(({ route }) => route);
    expect(routes.filter((route) => route !== ROUTES.retrieveFuture)).toEqual([ROUTES.forwardBackward]);
  });

  it('takes a gradient back where a log-ratio leaves the bound', async () => {
    const notices: string[] = [];
    const { engine, server } = await open(options, { notice: (sentence) => notices.push(sentence) });
    const { logProb } = await engine.forward(BATCH);
    const loss = lossOver(FORMULAS[1], BATCH, logProb);
    const far = { ...loss, oldLogProb: loss.oldLogProb.map((value, t) => (t === 2 ? value - 25 : value)) };
    const gradient = gradientOf(loss, logProb);
    await engine.forwardBackward(BATCH, { logProb: gradient });
    await engine.optimStep({ learningRate: 0.1 });
    const { logProb: now } = await engine.forward(BATCH);
    expect(await engine.forwardBackwardLoss(BATCH, far)).toBeUndefined();
    expect(notices.at(-1)).toMatch('a gradient must be taken back: going on from the start, 1 steps are applied again');
    expect((await engine.forward(BATCH)).logProb).toEqual(now);
    await engine.forwardBackward(BATCH, { logProb: gradient });
    await engine.optimStep({ learningRate: 0 });
    expect(server.newest.taken.every(Number.isFinite)).toBe(true);
    expect(Math.max(...server.newest.taken.map(Math.abs))).toBeLessThan(10);
  });
});

describe('a server whose loss is another one', () => {
  it('is not asked for it, and says so once', async () => {
    const notices: string[] = [];
    const options = { reduction: 'sum', idempotent: true, ownBounds: true } as const;
    const { engine, server } = await open(options, { notice: (sentence) => notices.push(sentence) });
    const { logProb } = await engine.forward(BATCH);
    for (const formula of [FORMULAS[3], FORMULAS[3]]) {
      expect(await engine.forwardBackwardLoss(BATCH, lossOver(formula, BATCH, logProb))).toBeUndefined();
    }
    expect(notices).toEqual(['the server has no cispo like ours: log-probs are asked for before each update']);
    expect(await engine.forwardBackwardLoss(BATCH, lossOver(FORMULAS[1], BATCH, logProb))).toBeDefined();
    expect(server.modelCount).toBe(1);
  });
});
