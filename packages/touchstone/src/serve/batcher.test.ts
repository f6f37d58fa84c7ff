import type {
  DrawnToken,
  Engine,
  ModelInfo,
  Sample,
  SampleOptions,
  SampleRequest,
  SampleWatch,
} from '@touchstone/engine';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SampleBatcher } from './batcher.js';

const MODEL: ModelInfo = { family: 'none', parameters: 0, vocabSize: 97, contextLength: 4096, eosTokenIds: [] };

interface Call {
  readonly requests: readonly SampleRequest[];
  readonly options: SampleOptions;
}

/** An engine that answers each request with its first seed, one call at a time. */
function recordingEngine(calls: Call[], answer: () => Promise<void> = () => Promise.resolve()): Engine {
  const sample = async (requests: readonly SampleRequest[], options: SampleOptions, watch?: SampleWatch) => {
    calls.push({ requests, options });
    await answer();
    return requests.map(({ seeds }, request) =>
      seeds.map((seed, member): Sample => {
        watch?.onTokens?.([{ request, member, token: seed, logProb: -seed }]);
        return { tokens: Int32Array.of(seed), logProbs: Float32Array.of(-seed), finish: 'stop' };
      }),
    );
  };
  return { sample, model: MODEL } as Partial<Engine> as Engine;
}

/** Token `index` of the completion of a seed. */
const drawOf = (seed: number, index: number) => (seed * 31 + index * 7) % MODEL.vocabSize;
const whole = (seed: number, length: number) => Array.from({ length }, (_, index) => drawOf(seed, index));

/** An engine that draws a token for every completion each millisecond, and minds signals and `drawn`. */
function steppingEngine(calls: Call[], readsForMs = 0): Engine {
  const sample = async (requests: readonly SampleRequest[], options: SampleOptions, watch: SampleWatch = {}) => {
    calls.push({ requests, options });
    await sleep(readsForMs);
    const made = requests.map(({ seeds }) => seeds.map((): number[] => []));
    const cut = (request: number) => watch.signals?.[request]?.aborted === true;
    for (let living = true; living; await sleep(1)) {
      living = false;
      const drawn: DrawnToken[] = [];
      for (const [request, { seeds, drawn: before = 0, maxNewTokens = Infinity }] of requests.entries()) {
        for (const [member, seed] of seeds.entries()) {
          const tokens = made[request]?.[member] as number[];
          if (cut(request) || tokens.length >= Math.min(maxNewTokens, options.maxNewTokens)) continue;
          const token = drawOf(seed, before + tokens.length);
          tokens.push(token);
          const last = tokens.length === Math.min(maxNewTokens, options.maxNewTokens);
          drawn.push({ request, member, token, logProb: -token, ...(last && { finish: 'length' as const }) });
          living = true;
        }
      }
      watch.onTokens?.(drawn);
    }
    return made.map((group) =>
      group.map((tokens): Sample => {
        const logProbs = Float32Array.from(tokens, (token) => -token);
        return { tokens: Int32Array.from(tokens), logProbs, finish: 'length' };
      }),
    );
  };
  return { sample, model: MODEL } as Partial<Engine> as Engine;
}

const job = (seed: number, maxNewTokens = 8, temperature = 1) => ({
  request: { prompt: Int32Array.of(1), seeds: [seed], maxNewTokens },
  options: { temperature },
});

describe('SampleBatcher', () => {
  it('puts jobs that come together into one call, each with its own budget and answer', async () => {
    const calls: Call[] = [];
    const batcher = new SampleBatcher(recordingEngine(calls), { maxCompletions: 8 });
    const answers = await Promise.all([batcher.run(job(1, 4)), batcher.run(job(2, 9)), batcher.run(job(3))]);
    expect(answers.map(([sample]) => sample?.tokens[0])).toEqual([1, 2, 3]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.options.maxNewTokens).toBe(9);
  });

  it('never mixes options, keeps to the limit, and takes the oldest first', async () => {
    const calls: Call[] = [];
    const batcher = new SampleBatcher(recordingEngine(calls), { maxCompletions: 2 });
    await Promise.all([job(1), job(2, 8, 0), job(3), job(4)].map((each) => batcher.run(each)));
    const taken = calls.map(({ requests, options }) => [options.temperature, ...requests.map(({ seeds }) => seeds[0])]);
    expect(taken).toEqual([
      [1, 1, 3],
      [0, 2],
      [1, 4],
    ]);
  });

  it('jobs gather while a call runs', async () => {
    const calls: Call[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const batcher = new SampleBatcher(
      recordingEngine(calls, () => (calls.length === 1 ? gate : Promise.resolve())),
      { maxCompletions: 8 },
    );
    const first = batcher.run(job(1));
    while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const rest = [batcher.run(job(2)), batcher.run(job(3))];
    expect(batcher.queued).toBe(2);
    release();
    await Promise.all([first, ...rest]);
    expect(calls.map(({ requests }) => requests.length)).toEqual([1, 2]);
  });

  it('reports tokens to their own job, and drops jobs aborted before their turn', async () => {
    const calls: Call[] = [];
    const batcher = new SampleBatcher(recordingEngine(calls), { maxCompletions: 8 });
    const seen: number[] = [];
    const [cut] = await Promise.all([
      batcher.run({ ...job(1), signal: AbortSignal.abort() }),
      batcher.run({ ...job(5), onToken: (_, token) => seen.push(token) }),
      batcher.run(job(6)),
    ]);
    expect(cut[0]?.tokens).toHaveLength(0);
    expect(seen).toEqual([5]);
    expect(calls[0]?.requests).toHaveLength(2);
  });

  it('an engine that fails fails the jobs of that call only', async () => {
    let calls = 0;
    const engine = recordingEngine([], () => (calls++ === 0 ? Promise.reject(new Error('lost')) : Promise.resolve()));
    const batcher = new SampleBatcher(engine, { maxCompletions: 1 });
    const [first, second] = await Promise.allSettled([batcher.run(job(1)), batcher.run(job(2))]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  });
});

describe('a job that comes while others are sampled', () => {
  const quick = { maxCompletions: 8, joinMs: 20, turnMs: 40 };
  const tokensOf = (samples: readonly Sample[]) => samples.map(({ tokens }) => Array.from(tokens));

  it('joins them: it does not wait for their end, and nobody draws other tokens than alone', async () => {
    const calls: Call[] = [];
    const batcher = new SampleBatcher(steppingEngine(calls), quick);
    const seen: number[] = [];
    const ended: string[] = [];
    const long = batcher.run({
      request: { prompt: Int32Array.of(1, 2), seeds: [3, 4], maxNewTokens: 300 },
      options: { temperature: 1 },
      onToken: (member, token) => member === 1 && seen.push(token),
    });
    await sleep(50);
    const short = batcher.run(job(5, 10));
    const ends = [long.finally(() => ended.push('long')), short.finally(() => ended.push('short'))] as const;
    const shortSamples = await short;
    expect(ended).toEqual(['short']);
    expect(seen.length).toBeLessThan(200);
    const [longSamples] = await Promise.all(ends);
    expect(tokensOf(longSamples)).toEqual([whole(3, 300), whole(4, 300)]);
    expect(longSamples[0]?.logProbs).toHaveLength(300);
    expect(tokensOf(shortSamples)).toEqual([whole(5, 10)]);
    expect(seen).toEqual(whole(4, 300));
    expect(calls).toHaveLength(2);
    const [first] = calls[1]?.requests.filter(({ drawn = 0 }) => drawn > 0) ?? [];
    expect(Array.from(first?.prompt ?? [])).toEqual([1, 2, ...whole(3, first?.drawn ?? 0)]);
  });

  it.each([
    ['its options differ', job(5, 10, 0), 8],
    ['there is no room', job(5, 10), 1],
  ])('takes turns with them where %s', async (_, other, maxCompletions) => {
    const calls: Call[] = [];
    const batcher = new SampleBatcher(steppingEngine(calls), { ...quick, maxCompletions });
    const ended: string[] = [];
    const long = batcher.run(job(3, 300)).finally(() => ended.push('long'));
    await sleep(5);
    const short = batcher.run(other).finally(() => ended.push('short'));
    expect(tokensOf(await short)).toEqual([whole(5, 10)]);
    expect(tokensOf(await long)).toEqual([whole(3, 300)]);
    expect(ended).toEqual(['short', 'long']);
    expect(calls).toHaveLength(3);
  });

  it('does not keep those from going on whose reading takes longer than a turn', async () => {
    const calls: Call[] = [];
    const batcher = new SampleBatcher(steppingEngine(calls, 45), { ...quick, maxCompletions: 1 });
    const answers = await Promise.all([batcher.run(job(3, 60)), batcher.run(job(4, 60, 0))]);
    expect(answers.map(tokensOf)).toEqual([[whole(3, 60)], [whole(4, 60)]]);
    expect(calls.length).toBeLessThan(30);
  });

  it('ends with what it has once its client is gone', async () => {
    const batcher = new SampleBatcher(steppingEngine([]), quick);
    const gone = new AbortController();
    const cut = batcher.run({ ...job(3, 100_000), signal: gone.signal });
    await sleep(30);
    const other = batcher.run(job(4, 5));
    await other;
    gone.abort();
    const [sample] = await cut;
    expect(sample?.tokens.length).toBeGreaterThan(5);
    expect(Array.from(sample?.tokens ?? [])).toEqual(whole(3, sample?.tokens.length ?? 0));
  });
});
