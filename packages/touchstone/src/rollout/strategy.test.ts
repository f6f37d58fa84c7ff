import { describe, expect, it } from 'vitest';
import { correct } from '@touchstone/verify';
import { singleTurnEnvironment } from '../environment/environment.js';
import { scoredRollout, someTask } from '../testing/rollouts.js';
import { TabularEngine } from '../testing/tabular-engine.js';
import { END_TOKEN, toyCodec, toySource } from '../testing/toy-task.js';
import { judgeGroups } from './judge.js';
import { sampleGroups } from './strategy.js';

const engine = new TabularEngine(END_TOKEN + 1, END_TOKEN);
const environment = singleTurnEnvironment({ codec: toyCodec, source: toySource, contextLength: 64 });
const tasks = [1, 2, 2].map((index) => toySource.task('train', index));
const sampling = { group: 4, maxNewTokens: 5, temperature: 1 };

describe('sampleGroups', () => {
  it('keeps the tokens that were sampled, their log-probs and their text', async () => {
    const groups = await sampleGroups(tasks, { engine, environment, sampling, seed: 1 });
    expect(groups.map(({ rollouts }) => rollouts.length)).toEqual([4, 4, 4]);
    for (const { tokens, promptLength, samplerLogProbs, text, finish } of groups.flatMap((group) => group.rollouts)) {
      const response = tokens.subarray(promptLength);
      expect(promptLength).toBe(2);
      expect(samplerLogProbs).toHaveLength(response.length);
      expect(text).toBe(toyCodec.decode(response));
      expect(finish).toBe(response.at(-1) === END_TOKEN ? 'stop' : 'length');
    }
  });

  it('draws every response from a seed of its own, the same in every run', async () => {
    const context = { engine, environment, sampling, seed: 1 };
    const [first, second] = [await sampleGroups(tasks, context), await sampleGroups(tasks, context)];
    expect(first).toEqual(second);
    const seeds = first.flatMap(({ rollouts }) => rollouts.map(({ seed }) => seed));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(await sampleGroups(tasks, { ...context, seed: 2 })).not.toEqual(first);
  });
});

describe('judgeGroups', () => {
  it('judges each rollout once, and leaves alone what its strategy has judged', async () => {
    const { verdict: _, ...fresh } = scoredRollout();
    const judged = scoredRollout({ verdict: correct('by-strategy') });
    const seen: string[] = [];
    const judge = (__: unknown, response: string) => {
      seen.push(response);
      return Promise.resolve(correct('by-environment'));
    };
    const [group] = await judgeGroups([{ task: someTask, rollouts: [fresh, judged] }], { judge });
    expect(group?.rollouts.map(({ verdict }) => verdict.reason)).toEqual(['by-environment', 'by-strategy']);
    expect(seen).toEqual(['response']);
  });
});
