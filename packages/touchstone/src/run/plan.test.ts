import { describe, expect, it } from 'vitest';
import type { RecipeInput } from '../config/recipe.js';
import { toyRecipe } from '../testing/toy-run.js';
import { costOf, meanPromptTokens, operationsOf, parsePrices, planRun } from './plan.js';

const rollout = { prompts: 32, group: 8, maxNewTokens: 128 };
const lengths = { promptTokens: 100, responseTokens: 128 };
const plan = (changes: Partial<RecipeInput> = {}) => planRun(toyRecipe({ rollout, ...changes }), lengths);
/** Of all rollouts of a step. */
const TOKENS = 32 * 8 * (100 + 128);
const several = { update: { epochs: 2, minibatches: 4 } };
const tinker = { engine: { name: 'tinker', baseUrl: 'http://127.0.0.1:9' } } as const;

describe('the plan of a run', () => {
  it('has the figures of docs/scaling.md', () => {
    const { step } = plan();
    expect(step).toMatchObject({ read: 3200, sampled: 32_768, trained: 58_368, scored: 0 });
    const { read, sampled, scored, trained } = step;
    const nothing = { read: 0, sampled: 0, scored: 0, trained: 0, requests: 0 };
    expect(operationsOf({ ...nothing, read, sampled, scored }, 0.6e9, false)).toBeCloseTo(4.3e13, -12);
    expect(operationsOf({ ...nothing, trained }, 0.6e9, true)).toBeCloseTo(1.4e14, -13);
    expect(operationsOf({ ...nothing, trained }, 0.6e9, false)).toBeCloseTo(2.1e14, -13);
  });

  it('scores for old log-probs, for a reference, and for each update after the first', () => {
    expect(plan(several).step).toMatchObject({ trained: 2 * TOKENS, scored: TOKENS + (7 / 4) * TOKENS });
    expect(plan({ objective: { name: 'grpo', klCoef: 0.1 } }).step.scored).toBe(TOKENS);
  });

  it('scores the trees of lookahead rollouts, once for each of their tokens and once for their log-probs', () => {
    const strategy = { name: 'latr', eta: { 0: 0.5, 9: 0.25 }, forceReturnStep: 3 } as const;
    const { scored } = plan({ rollout: { ...rollout, strategy } }).step;
    expect(scored).toBe(32 * 4 * (101 + 102 + 103 + 103));
    expect(plan({ rollout: { ...rollout, strategy: 'latr' } }).step.scored).toBe(32 * 8 * (65 * 100 + 32 * 65 + 64));
  });

  it('leaves out what a server computes itself', () => {
    const objective = 'dr-grpo';
    expect(plan({ ...several, ...tinker, objective }).step.scored).toBe(TOKENS);
    expect(plan({ ...several, objective }).step.scored).toBe(TOKENS + (7 / 4) * TOKENS);
    expect(plan({ ...several, ...tinker }).step.scored).toBe(TOKENS + (7 / 4) * TOKENS);
  });

  it('adds evaluations before, in between and after', () => {
    const evaluation = { tasks: 10, samples: 4, every: 15 };
    const { step, evaluations, run } = plan({ steps: 40, evaluation });
    expect(evaluations.sampled).toBe(4 * 10 * 4 * 128);
    expect(evaluations.read).toBe(4 * 10 * 100);
    expect(run.sampled).toBe(40 * step.sampled + evaluations.sampled);
    expect(plan({ evaluation: { ...evaluation, every: 0 } }).evaluations.sampled).toBe(2 * 10 * 4 * 128);
  });

  it('cuts what is too much for one request', () => {
    const requests = (group: number) => plan({ rollout: { ...rollout, group } }).step.requests;
    expect(requests(8)).toBe(32 + 1 + 1 + 1);
    // 1,459,200 tokens of three columns each, half a million numbers a request.
    expect(requests(200)).toBe(32 + 9 + 1 + 1);
  });

  it('counts sampling rounds that make up for groups without signal', () => {
    expect(plan({ filter: { rounds: 3 } }).step).toMatchObject({ read: 9600, sampled: 3 * 32_768, trained: TOKENS });
  });
});

describe('prices', () => {
  it('are of a million tokens; tokens scored cost what tokens read do', () => {
    const prices = parsePrices('train=0.9, read=0.1,sample=0.3');
    expect(prices).toEqual({ read: 0.1, sample: 0.3, train: 0.9 });
    const work = { read: 1e6, sampled: 2e6, scored: 3e6, trained: 4e6, requests: 5 };
    expect(costOf(work, prices)).toBeCloseTo(0.1 + 0.6 + 0.3 + 3.6, 12);
  });

  it.each([
    '',
    'read=1',
    'read=1,sample=2,train=-3',
    'read=1,sample=2,train=x',
    'read=1,sample=2,train=3,more=4',
    '0.3',
  ])('must be three: %j', (text) => {
    expect(() => parsePrices(text)).toThrow(/--price: must give read, sample and train a price/);
  });
});

it('prompts are measured on the first tasks', () => {
  const task = (index: number) => ({ id: String(index), prompt: 'x'.repeat(index + 1), reference: '', metadata: {} });
  const source = {
    name: 'x',
    size: () => 5,
    task: (_: string, index: number) => task(index),
    judge: () => Promise.reject(new Error('not asked')),
  };
  const environment = {
    prompt: ({ prompt }: { readonly prompt: unknown }) => new Int32Array((prompt as string).length),
    judge: () => Promise.reject(new Error('not asked')),
    decode: () => '',
  };
  expect(meanPromptTokens(source, environment)).toBe(3);
  expect(meanPromptTokens(source, environment, 2)).toBe(1.5);
});
