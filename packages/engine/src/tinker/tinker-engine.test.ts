import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TokenBatch } from '../engine.js';
import type { FakeServer, FakeServerOptions, Fault } from './testing/fake-server.js';
import { atOnce, batchOf, connect, folder, inTurn, near, open, QUICK, trainSteps } from './testing/on-fake-server.js';
import type { TinkerEngine } from './tinker-engine.js';

/** As the API is documented, and as SkyRL's JAX back end behaves. */
const servers: Readonly<Record<string, FakeServerOptions>> = {
  documented: { reduction: 'sum', idempotent: true },
  'like SkyRL on JAX': { reduction: 'sequence-mean', idempotent: false, describesItself: true },
};

/** What the weights should have been given: sum over tokens of gradient x d(log-prob)/d(table). */
function expectedGradient(server: FakeServer, { tokens, offsets }: TokenBatch, gradient: Float32Array): Float64Array {
  const table = server.newest;
  const sum = new Float64Array(table.vocabSize ** 2);
  for (let t = 1; t < tokens.length; t++) {
    if (offsets.includes(t)) continue;
    const previous = tokens[t - 1] as number;
    const logs = table.logProbs(previous);
    for (const [next, log] of logs.entries()) {
      const at = previous * table.vocabSize + next;
      sum[at] = (sum[at] as number) + (gradient[t] as number) * ((next === tokens[t] ? 1 : 0) - Math.exp(log));
    }
  }
  return sum;
}

const PROMPTS = [Int32Array.of(0, 1), Int32Array.of(2, 3, 4)];

describe.each(Object.entries(servers))('the engine on a server: %s', (_, options) => {
  it('finds out what the server does', async () => {
    const { engine, server } = await open(options);
    expect(engine.facts).toMatchObject({ reduction: options.reduction, idempotent: options.idempotent });
    expect(engine.limits).toMatchObject({ columns: [], clipsGradients: options.describesItself !== true });
    // The model of the trial is gone.
    expect(server.modelCount).toBe(1);
  });

  it('gives log-probs where the batch is scored, zeros elsewhere', async () => {
    const { engine, server } = await open(options);
    const batch = batchOf([[0, 1, 2], [5], [3, 3, 6, 7]]);
    const { logProb } = await engine.forward(batch);
    const after = (token: number, next: number) => server.newest.logProbs(token)[next] as number;
    const expected = [0, after(0, 1), after(1, 2), 0, 0, after(3, 3), after(3, 6), after(6, 7)];
    expect(Array.from(logProb)).toEqual(expected.map((value) => near(value, 6)));
  });

  it('hands over any gradient by log-probs as it is: signs, zero sums, ragged sequences, bare tokens', async () => {
    const { engine, server } = await open(options);
    const sequence = fc.array(fc.nat(7), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(sequence, { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.double({ min: -3, max: 3, noNaN: true })),
        async (sequences, values) => {
          fc.pre(sequences.some(({ length }) => length > 1));
          const batch = batchOf(sequences);
          const gradient = Float32Array.from(batch.tokens, (_token, t) => {
            const value = values.next().value as number;
            return batch.scored?.[t] === 1 ? value : 0;
          });
          const expected = expectedGradient(server, batch, gradient);
          await engine.forwardBackward(batch, { logProb: gradient });
          const { gradNorm } = await engine.optimStep({ learningRate: 0 });
          expect(Array.from(server.newest.taken)).toEqual(Array.from(expected, (value) => near(value, 4)));
          expect(gradNorm).toBeCloseTo(Math.hypot(...expected), 4);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('learns: a step down the loss raises the log-probs that it pulls at', async () => {
    const { engine } = await open(options);
    const batch = batchOf([[0, 1, 2, 3]]);
    const { logProb: before } = await engine.forwardBackward(batch, { logProb: Float32Array.of(0, -1, -1, -1) });
    await engine.optimStep({ learningRate: 0.1 });
    const { logProb: after } = await engine.forward(batch);
    for (const t of [1, 2, 3]) expect(after[t]).toBeGreaterThan(before[t] as number);
  });

  it('samples groups under the current weights, the same for the same seeds, with log-probs of `forward`', async () => {
    const { engine } = await open(options);
    const requests = PROMPTS.map((prompt) => ({ prompt, seeds: [11, 12, 13] }));
    const groups = await engine.sample(requests, { maxNewTokens: 6 });
    expect(await engine.sample(requests, { maxNewTokens: 6 })).toEqual(groups);
    expect(groups.map(({ length }) => length)).toEqual([3, 3]);
    const flat = groups.flatMap((group, i) => group.map((sample) => ({ sample, prompt: PROMPTS[i] as Int32Array })));
    const { logProb } = await engine.forward(batchOf(flat.map(({ sample, prompt }) => [...prompt, ...sample.tokens])));
    let at = 0;
    for (const { sample, prompt } of flat) {
      at += prompt.length;
      expect(Array.from(sample.logProbs)).toEqual(
        Array.from(logProb.subarray(at, at + sample.tokens.length), (value) => near(value, 5)),
      );
      at += sample.tokens.length;
      expect(sample.finish).toBe(sample.tokens.at(-1) === 7 ? 'stop' : 'length');
    }
    await engine.forwardBackward(batchOf([[0, 1]]), { logProb: Float32Array.of(0, 5) });
    await engine.optimStep({ learningRate: 3 });
    expect(await engine.sample(requests, { maxNewTokens: 6 })).not.toEqual(groups);
  });

  it('gives log-probs of prompts, none for the first token', async () => {
    const { engine, server } = await open(options);
    const [given] = await engine.promptLogProbs([Int32Array.of(0, 1, 2)]);
    expect(given?.[0]).toBeNaN();
    expect(given?.[2]).toBeCloseTo(server.newest.logProbs(1)[2] as number, 6);
  });

  it('resumes from the address that saveState wrote, optimiser included', async () => {
    const { engine, server } = await open(options);
    const place = await folder();
    await trainSteps(engine, 0, 3);
    await engine.saveState(place);
    expect(JSON.parse(await readFile(join(place, 'tinker.json'), 'utf8'))).toMatchObject({
      step: 3,
      baseModel: 'tabular',
    });
    await trainSteps(engine, 3, 3);
    const straight = server.newest.state();
    const later = await connect(server);
    await later.loadState(place);
    await trainSteps(later, 3, 3);
    expect(server.newest.state()).toEqual(straight);
    expect(await later.optimStep({ learningRate: 0 })).toMatchObject({ step: 7 });
  });

  it('forks into weights of their own', async () => {
    const { engine } = await open(options);
    await trainSteps(engine, 0, 2);
    const frozen = await engine.fork({ frozen: true });
    onTestFinished(() => frozen.dispose());
    const batch = batchOf([[0, 1, 2]]);
    const { logProb } = await engine.forward(batch);
    expect((await frozen.forward(batch)).logProb).toEqual(logProb);
    await trainSteps(engine, 2, 2);
    expect((await frozen.forward(batch)).logProb).toEqual(logProb);
    expect((await engine.forward(batch)).logProb).not.toEqual(logProb);
    await expect(frozen.optimStep({ learningRate: 1 })).rejects.toThrow(/frozen weights cannot be trained/);
  });

  it('refuses a learning rate for the value head that no server has', async () => {
    const { engine } = await open(options);
    const rule = 'TinkerEngine.optimStep: valueHeadLearningRate needs a model with a value head; leave it out';
    await expect(engine.optimStep({ learningRate: 1, valueHeadLearningRate: 1 })).rejects.toThrow(rule);
    expect(await engine.optimStep({ learningRate: 0 })).toMatchObject({ step: 1 });
  });

  it('takes a step that is asked for before the gradient was answered as one that is asked for after', async () => {
    const calm = await open(options);
    await trainSteps(calm.engine, 0, 4, inTurn);
    const { engine, server } = await open(options);
    await trainSteps(engine, 0, 4, atOnce);
    expect(server.newest.state()).toEqual(calm.server.newest.state());
    const changes = server.requests.map(({ route }) => route).filter((route) => !route.includes('heartbeat'));
    // The step is on its way before the first question for the gradient is over.
    const sent = changes.lastIndexOf('/optim_step') - changes.lastIndexOf('/forward_backward');
    expect(sent).toBeLessThanOrEqual(2);
  });

  it('makes none of the changes that were sent after one that failed', async () => {
    const calm = await open(options);
    await trainSteps(calm.engine, 0, 2);
    const { engine, server } = await open(options);
    await trainSteps(engine, 0, 1);
    server.fault = (route) => (route === '/forward_backward' ? 'fail-later' : 'none');
    const batch = batchOf([[0, 1, 2]]);
    const asked = [
      engine.forwardBackward(batch, { logProb: Float32Array.of(0, 1, 1) }),
      engine.optimStep({ learningRate: 0.5 }),
      engine.optimStep({ learningRate: 0.7 }),
    ];
    const [gradient, step, another] = await Promise.allSettled(asked);
    expect(gradient).toMatchObject({ status: 'rejected', reason: { code: 'server-refused' } });
    for (const late of [step, another]) {
      expect(late).toMatchObject({ status: 'rejected' });
      expect(String(late?.status === 'rejected' && late.reason)).toMatch(/asked for before this one must not fail/);
    }
    server.fault = () => 'none';
    await trainSteps(engine, 1, 1);
    expect(server.newest.state()).toEqual(calm.server.newest.state());
    expect(await engine.optimStep({ learningRate: 0 })).toMatchObject({ step: 3 });
  });

  describe.each(Object.entries({ inTurn, atOnce }))('with updates %s', (_how, update) => {
    it('ends where it would without faults: 10 % of requests fail before or after the work, the server dies twice', async () => {
      const calm = await open(options);
      await trainSteps(calm.engine, 0, 10);
      const { engine, server } = await open(options, { replayedSteps: 2 });
      let random = 12345;
      let steps = 0;
      server.fault = (route): Fault => {
        random = (Math.imul(random, 1103515245) + 12345) >>> 0;
        if (route === '/optim_step' && [3, 9].includes(++steps)) {
          setTimeout(() => void server.restart(), 0);
          return 'drop-answer';
        }
        return random % 1000 < 50 ? 'refuse' : random % 1000 < 100 ? 'drop-answer' : 'none';
      };
      await trainSteps(engine, 0, 10, update);
      server.fault = () => 'none';
      const batch = batchOf([[0, 1, 2, 3, 4, 5, 6, 7]]);
      expect(steps).toBeGreaterThan(10);
      expect((await engine.forward(batch)).logProb).toEqual((await calm.engine.forward(batch)).logProb);
      expect(server.newest.state()).toEqual(calm.server.newest.state());
    }, 60_000);

    it('ends where it would although answers come after the request was given up', async () => {
      const calm = await open(options);
      await trainSteps(calm.engine, 0, 4);
      const { engine, server } = await open(options, {
        retry: { ...QUICK, giveUpAfterMs: 20_000, requestTimeoutMs: 500 },
      });
      let changes = 0;
      server.fault = (route) => {
        const change = route === '/forward_backward' || route === '/optim_step';
        return change && [2, 7, 11].includes(++changes) ? { delayMs: 1500 } : 'none';
      };
      await trainSteps(engine, 0, 4, update);
      server.fault = () => 'none';
      expect(server.newest.state()).toEqual(calm.server.newest.state());
    });

    it('ends where it would although the server dies between taking a change and its result', async () => {
      const calm = await open(options);
      await trainSteps(calm.engine, 0, 6);
      const { engine, server } = await open(options, { replayedSteps: 3 });
      let questions = 0;
      server.fault = (route): Fault => {
        if (route !== '/retrieve_future' || ++questions % 11 !== 5 || questions > 40) return 'none';
        setTimeout(() => void server.restart(), 0);
        return 'drop-answer';
      };
      await trainSteps(engine, 0, 6, update);
      server.fault = () => 'none';
      expect(questions).toBeGreaterThan(40);
      expect(server.newest.state()).toEqual(calm.server.newest.state());
    }, 60_000);
  });
});

describe('what a server cannot give', () => {
  it.each([
    ['a column', (engine: TinkerEngine) => engine.forward(batchOf([[0, 1]]), { entropy: true }), /column entropy/],
    [
      'a gradient',
      (engine: TinkerEngine) =>
        engine.forwardBackward(batchOf([[0, 1]]), { logProb: new Float32Array(2), entropy: new Float32Array(2) }),
      /cannot differentiate entropy/,
    ],
    [
      'a temperature',
      (engine: TinkerEngine) => engine.forward({ ...batchOf([[0, 1]]), temperature: 0.5 }),
      /temperature must be 1/,
    ],
    [
      'a schedule',
      (engine: TinkerEngine) =>
        engine.sample([{ prompt: Int32Array.of(0), seeds: [0] }], { maxNewTokens: 2, temperature: [1, 0.5] }),
      /one number/,
    ],
    [
      'a trie',
      (engine: TinkerEngine) =>
        engine.sample([{ prompt: Int32Array.of(0), seeds: [0] }], {
          maxNewTokens: 2,
          constraint: { children: new Map() },
        }),
      /along a trie/,
    ],
  ])('is refused in words: %s', async (_, ask, words) => {
    const { engine } = await open({ reduction: 'sum', idempotent: true });
    await expect(ask(engine)).rejects.toThrow(words);
    await expect(ask(engine)).rejects.toMatchObject({ code: 'server-limited' });
  });

  it('is a second gradient before a step, where the server averages over sequences', async () => {
    const { engine } = await open({ reduction: 'sequence-mean', idempotent: true });
    await engine.forwardBackward(batchOf([[0, 1]]), { logProb: Float32Array.of(0, 1) });
    const second = engine.forwardBackward(batchOf([[0, 1]]), { logProb: Float32Array.of(0, 1) });
    await expect(second).rejects.toThrow(/one forwardBackward must come before each optimStep/);
  });

  it('adds up gradients where the server sums', async () => {
    const { engine, server } = await open({ reduction: 'sum', idempotent: true });
    const batch = batchOf([[0, 1, 2]]);
    const expected = expectedGradient(server, batch, Float32Array.of(0, 3, -3));
    await engine.forwardBackward(batch, { logProb: Float32Array.of(0, 1, -2) });
    await engine.forwardBackward(batch, { logProb: Float32Array.of(0, 2, -1) });
    await engine.optimStep({ learningRate: 0 });
    expect(Array.from(server.newest.taken)).toEqual(Array.from(expected, (value) => near(value, 6)));
  });

  it('is unknown log-probs of samples under another temperature', async () => {
    const { engine } = await open({ reduction: 'sum', idempotent: true });
    const [group] = await engine.sample([{ prompt: Int32Array.of(0), seeds: [3] }], {
      maxNewTokens: 4,
      temperature: 0.7,
    });
    expect(group?.[0]?.logProbs.every(Number.isNaN)).toBe(true);
  });

  it('cuts at the end token itself where stop texts are given, since servers take one kind only', async () => {
    const { engine } = await open({ reduction: 'sum', idempotent: true });
    const requests = [{ prompt: Int32Array.of(0), seeds: Array.from({ length: 32 }, (_, i) => i) }];
    const [group = []] = await engine.sample(requests, { maxNewTokens: 12, stopStrings: ['x'] });
    const stopped = group.filter(({ tokens }) => tokens.includes(7));
    expect(stopped.length).toBeGreaterThan(0);
    for (const { tokens, finish } of stopped) {
      expect(tokens.indexOf(7)).toBe(tokens.length - 1);
      expect(finish).toBe('stop');
    }
  });
});
