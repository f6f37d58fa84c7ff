import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DrawnToken, Sample } from '../engine.js';
import { tinyModel } from '../testing/tiny-model.js';
import { LocalEngine } from './local-engine.js';

const { config, weights } = tinyModel('llama', true);
const requests = [
  { prompt: Int32Array.of(3, 5, 2), seeds: [1, 2] },
  { prompt: Int32Array.of(7, 4), seeds: [3], maxNewTokens: 4 },
];
const options = { maxNewTokens: 20 };
let engine: LocalEngine;

beforeAll(async () => {
  // No end token and a wide context, so that completions run to their cap.
  const endless = { ...config, eosTokenIds: [], contextLength: 20_000 };
  engine = await LocalEngine.create({ config: endless, weights, companions: new Map() }, { threads: 1 });
});

afterAll(() => engine.dispose());

describe('LocalEngine.sample, watched', () => {
  it('reports every token in order, and gives the samples that it gives unwatched', async () => {
    const drawn: DrawnToken[] = [];
    let reports = 0;
    const watched = await engine.sample(requests, options, {
      onTokens(tokens) {
        drawn.push(...tokens);
        reports++;
      },
    });
    expect(watched).toEqual(await engine.sample(requests, options));
    watched.forEach((group, request) => {
      group.forEach(({ tokens, logProbs }, member) => {
        const own = drawn.filter((each) => each.request === request && each.member === member);
        expect(own.map(({ token }) => token)).toEqual([...tokens]);
        expect(own.map(({ logProb }) => logProb)).toEqual([...logProbs]);
        expect(own.map(({ finish }) => finish)).toEqual(own.map((_, t) => (t + 1 < own.length ? undefined : 'length')));
      });
    });
    expect(reports).toBeGreaterThanOrEqual(20);
  });

  it('an aborted request ends with what it has; the others go on', async () => {
    const stop = new AbortController();
    const long = { maxNewTokens: 10_000 };
    const [cut, whole] = await engine.sample([requests[0]!, { ...requests[1]!, maxNewTokens: 20 }], long, {
      signals: [stop.signal, undefined],
      onTokens: () => stop.abort(),
    });
    expect(whole![0]!.tokens).toHaveLength(20);
    for (const { tokens, finish } of cut!) {
      expect(tokens.length).toBeLessThan(10_000);
      expect(finish).toBe('length');
    }
  });

  it('a request aborted before it began has no tokens', async () => {
    const [none] = await engine.sample([requests[0]!], options, { signals: [AbortSignal.abort()] });
    expect(none!.map(({ tokens }) => tokens.length)).toEqual([0, 0]);
  });
});

describe('a completion that was cut', () => {
  const [{ prompt, seeds }] = requests as [(typeof requests)[0]];
  const after = (tokens: Int32Array, drawn: number) => ({
    prompt: Int32Array.of(...prompt, ...tokens.subarray(0, drawn)),
    drawn,
  });

  it('goes on with the draws that it would have had', async () => {
    const [[whole]] = (await engine.sample([{ prompt, seeds: seeds.slice(0, 1) }], options)) as [[Sample]];
    for (const drawn of [1, 7, 19]) {
      const request = { ...after(whole.tokens, drawn), seeds: seeds.slice(0, 1), maxNewTokens: 20 - drawn };
      const [[rest]] = (await engine.sample([request], options)) as [[Sample]];
      expect([...rest.tokens]).toEqual([...whole.tokens.subarray(drawn)]);
      for (const [t, value] of rest.logProbs.entries()) expect(value).toBeCloseTo(whole.logProbs[drawn + t]!, 4);
    }
  });

  it('is refused where it is no part of the prompt, or under a schedule of temperatures', async () => {
    const cut = { prompt, seeds, drawn: 3 };
    await expect(engine.sample([cut], options)).rejects.toThrow(/drawn of request 0 must be from 0 to 2, got 3/);
    const scheduled = { ...options, temperature: [1, 0.5] };
    await expect(engine.sample([{ ...cut, drawn: 1 }], scheduled)).rejects.toThrow(/under one temperature/);
  });
});
