import { describe, expect, it } from 'vitest';
import { correct, incorrect, timeout } from '@touchstone/verify';
import { singleTurnEnvironment } from '../environment/environment.js';
import { scoredRollout } from '../testing/rollouts.js';
import { TabularEngine } from '../testing/tabular-engine.js';
import { END_TOKEN, toyCodec, toySource } from '../testing/toy-task.js';
import { answerTasks, summarize } from './evaluate.js';

const right = { verdict: correct('equal') };
const wrong = { verdict: incorrect('different') };
const late = { verdict: timeout(100) };

function group(family: string | undefined, ...shapes: readonly Parameters<typeof scoredRollout>[0][]) {
  const task = { id: 't', prompt: '', reference: '', metadata: family === undefined ? {} : { family } };
  return { task, rollouts: shapes.map((shape) => ({ ...scoredRollout(shape), task })) };
}

describe('summarize', () => {
  const groups = [
    group('sums', right, right),
    group('sums', right, wrong),
    group('paths', wrong, late),
    group(undefined, late, late),
  ];

  it('means over tasks, leaving out what could not be judged', () => {
    const evaluation = summarize(groups, 2);
    expect(evaluation).toMatchObject({ tasks: 3, accuracy: 0.5, samples: 2, unjudged: 3 / 8 });
    // Only the first two tasks have two judged answers.
    expect(evaluation.passAt).toEqual({ 1: 0.5, 2: 1 });
    expect(evaluation.interval[0]).toBeLessThan(0.5);
    expect(evaluation.families).toMatchObject({ sums: { tasks: 2, accuracy: 0.75 }, paths: { tasks: 1, accuracy: 0 } });
    expect(Object.keys(evaluation.families)).toEqual(['paths', 'sums']);
  });

  it('counts length and truncation over every answer', () => {
    const evaluation = summarize([group('a', { response: [1, 2, 3], finish: 'length' }, { response: [1] })], 2);
    expect(evaluation).toMatchObject({ length: 2, truncated: 0.5 });
  });
});

describe('answerTasks', () => {
  const engine = new TabularEngine(END_TOKEN + 1, END_TOKEN);
  const environment = singleTurnEnvironment({ codec: toyCodec, source: toySource, contextLength: 64 });
  const tasks = Array.from({ length: 70 }, (_, i) => ({ ...toySource.task('train', i % 10), id: String(i) }));
  const settings = { samples: 3, sampling: { maxNewTokens: 2, temperature: 1 }, seed: 4 };

  it('answers each task as often as asked, the same for the same seed, with other draws for each task', async () => {
    const progress: number[] = [];
    const groups = await answerTasks(tasks, { engine, environment }, settings, (done) => progress.push(done));
    expect(groups.map(({ task }) => task.id)).toEqual(tasks.map(({ id }) => id));
    expect(groups.every(({ rollouts }) => rollouts.length === 3)).toBe(true);
    expect(progress).toEqual([64, 70]);
    const again = await answerTasks(tasks, { engine, environment }, settings);
    const texts = (all: typeof groups) => all.map(({ rollouts }) => rollouts.map(({ text }) => text).join());
    expect(texts(again)).toEqual(texts(groups));
    // Tasks 0, 10, 20 ... are the same question; their answers must differ somewhere.
    expect(new Set([0, 10, 20, 30, 40, 50, 60].map((i) => texts(groups)[i])).size).toBeGreaterThan(1);
  });
});
