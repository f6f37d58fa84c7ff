import type { Engine, Sample, SampleOptions, SampleRequest, SampleWatch } from '@touchstone/engine';
import { describe, expect, it } from 'vitest';
import { SampleBatcher } from './batcher.js';

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
  return { sample } as Partial<Engine> as Engine;
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
