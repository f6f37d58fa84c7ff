import { describe, expect, it } from 'vitest';
import type { TokenTrie } from '../engine.js';
import { TINY_MODELS, tinyModel } from '../testing/tiny-model.js';
import { computeColumns } from './columns.js';
import { createModelState } from './model-state.js';
import { sampleCompletions } from './sampler.js';
import { SessionCache } from './session-cache.js';

const sessions = new SessionCache(1);
const prompts = [[3, 5], [2, 8, 9, 9, 4], [7]].map((prompt) => Int32Array.from(prompt));

function state(family: 'llama' | 'qwen2' | 'qwen3' = 'llama', tied = true) {
  const { config, weights } = tinyModel(family, tied);
  return createModelState(config, weights, false);
}

describe.each(TINY_MODELS)('sampling from %s (tied: %s)', (family, tied) => {
  // 120 completions of ragged length through 64 rows: rows are refilled, the timeline slides, the batch shrinks.
  const requests = prompts.map((prompt, i) => ({ prompt, seeds: Array.from({ length: 40 }, (_, j) => i * 100 + j) }));
  const options = { maxNewTokens: 20, temperature: 0.7 };

  it('reports the log-probs that forward gives to the same tokens', async () => {
    const model = state(family, tied);
    const groups = await sampleCompletions(sessions, model, requests, options);
    const lengths = new Set<number>();
    const rows = groups.flatMap((group, i) => group.map((sample) => ({ ...sample, prompt: prompts[i]! })));
    for (const { tokens, finish } of rows) {
      lengths.add(tokens.length);
      expect(finish).toBe(tokens.at(-1) === 1 ? 'stop' : 'length');
      if (finish === 'length') expect(tokens.length).toBe(20);
    }
    expect(lengths.size).toBeGreaterThan(5);
    const offsets = Int32Array.from([0, ...rows.map(({ prompt, tokens }) => prompt.length + tokens.length)]);
    for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
    const tokens = Int32Array.from(rows.flatMap((row) => [...row.prompt, ...row.tokens]));
    const { logProb } = await computeColumns(sessions, model, { tokens, offsets, temperature: 0.7 }, {});
    rows.forEach(({ prompt, logProbs }, i) => {
      logProbs.forEach((value, t) => expect(value).toBeCloseTo(logProb[offsets[i]! + prompt.length + t]!, 4));
    });
  });

  it('gives a completion the same tokens whatever is sampled with it', async () => {
    const model = state(family, tied);
    const groups = await sampleCompletions(sessions, model, requests, options);
    const alone = await sampleCompletions(sessions, model, [{ prompt: prompts[1]!, seeds: [117] }], options);
    expect(alone[0]![0]!.tokens).toEqual(groups[1]![17]!.tokens);
  });
});

describe('sampling options', () => {
  const request = { prompt: prompts[1]!, seeds: [1, 2, 3, 4, 5, 6, 7, 8] };

  it('temperature 0 follows the likeliest token, whatever the seed', async () => {
    const model = state();
    const [group] = await sampleCompletions(sessions, model, [request], { maxNewTokens: 6, temperature: 0 });
    const [first] = group!;
    for (const { tokens } of group!) expect(tokens).toEqual(first!.tokens);
    const tokens = Int32Array.from([...request.prompt, ...first!.tokens]);
    const offsets = Int32Array.of(0, tokens.length);
    const { topKIds, logProb } = await computeColumns(sessions, model, { tokens, offsets }, { topK: 1 });
    first!.tokens.forEach((token, t) => {
      expect(topKIds![request.prompt.length + t]).toBe(token);
      expect(first!.logProbs[t]).toBeCloseTo(logProb[request.prompt.length + t]!, 4);
    });
  });

  it('a request may cap its own completions, and a prompt of the whole context leaves room for none', async () => {
    const model = state();
    const full = { prompt: new Int32Array(31).fill(3), seeds: [1] };
    const [capped, one] = await sampleCompletions(sessions, model, [{ ...request, maxNewTokens: 2 }, full], {
      maxNewTokens: 9,
    });
    for (const { tokens } of capped!) expect(tokens.length).toBeLessThanOrEqual(2);
    expect(one![0]!.tokens.length).toBe(1);
  });

  it('a trie confines the tokens and ends where its path ends', async () => {
    const leaf: TokenTrie = { children: new Map() };
    const constraint: TokenTrie = {
      children: new Map([
        [4, { children: new Map([[6, leaf]]) }],
        [9, leaf],
      ]),
    };
    const [group] = await sampleCompletions(sessions, state(), [request], { maxNewTokens: 5, constraint });
    for (const { tokens, finish } of group!) {
      expect(finish).toBe('stop');
      expect(['4,6', '9']).toContain([...tokens].join());
    }
  });

  it('a stop string ends a completion with the tokens that completed it', async () => {
    const stops = new Set([4, 7]);
    const watch = () => ({ push: (token: number) => stops.has(token) });
    const [group] = await sampleCompletions(sessions, state(), [request], { maxNewTokens: 24 }, { watchStops: watch });
    expect(group!.some(({ finish, tokens }) => finish === 'stop' && stops.has(tokens.at(-1)!))).toBe(true);
    for (const { tokens } of group!) expect(tokens.slice(0, -1).some((token) => stops.has(token))).toBe(false);
  });

  it('a temperature schedule holds its last entry', async () => {
    const model = state();
    const options = { maxNewTokens: 8, temperature: [1.5, 0.5] };
    const [group] = await sampleCompletions(sessions, model, [request], options);
    const { tokens: made, logProbs } = group![0]!;
    const tokens = Int32Array.from([...request.prompt, ...made]);
    const temperature = Float32Array.from(tokens, (_, t) => (t === request.prompt.length ? 1.5 : 0.5));
    const batch = { tokens, offsets: Int32Array.of(0, tokens.length), temperature };
    const { logProb } = await computeColumns(sessions, model, batch, {});
    made.forEach((_, t) => expect(logProbs[t]).toBeCloseTo(logProb[request.prompt.length + t]!, 4));
  });
});
