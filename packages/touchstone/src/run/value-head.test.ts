import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OptimOptions } from '@touchstone/engine';
import { initWeights, LocalEngine, parseModelConfig } from '@touchstone/engine';
import { createObjective } from '@touchstone/objectives';
import { expect, it } from 'vitest';
import { recipeSchema } from '../config/recipe.js';
import { UserError } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { END_TOKEN, toyCodec } from '../testing/toy-task.js';
import { toyRecipe, toyRequest } from '../testing/toy-run.js';
import type { LoadModel } from './model.js';
import { checkObjective } from './stages.js';
import { train } from './train.js';

const config = parseModelConfig({
  ...{ model_type: 'llama', vocab_size: END_TOKEN + 1, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1 },
  ...{ num_attention_heads: 2, max_position_embeddings: 16, tie_word_embeddings: false, eos_token_id: END_TOKEN },
});

const loadModel: LoadModel = async () => {
  const model = { config, weights: initWeights(config, 1), companions: new Map<string, Uint8Array>() };
  return { engine: await LocalEngine.create(model, { threads: 1 }), codec: toyCodec };
};

it('PPO with the local engine: the reward rises and the head is saved', async () => {
  const recipe = toyRecipe({
    ...{ steps: 40, objective: 'ppo', filter: { name: 'none' }, update: { epochs: 2, minibatches: 2 } },
    optimizer: { learningRate: 0.01 },
  });
  const request = await toyRequest(join(await temporaryFolder(), 'run'), recipe, { loadModel });
  await train(request);
  const lines = (await readFile(request.paths.metrics, 'utf8')).trimEnd().split('\n');
  const steps = lines.slice(1).map((line) => JSON.parse(line) as Record<string, number>);
  const mean = (name: string, from: number, to: number) =>
    steps.slice(from, to).reduce((sum, step) => sum + (step[name] ?? Number.NaN), 0) / (to - from);
  expect(mean('reward', 30, 40)).toBeGreaterThan(mean('reward', 0, 5) + 0.2);
  const head = await readFile(join(request.paths.checkpoints, 'step-000040', 'value_head.safetensors'));
  expect(head.toString('latin1')).toContain('score.weight');
}, 60_000);

it('the value head learns at its own rate, on the schedule of the learning rate', async () => {
  const taken: OptimOptions[] = [];
  const watched: LoadModel = async (...request) => {
    const loaded = await loadModel(...request);
    const optimStep = loaded.engine.optimStep.bind(loaded.engine);
    loaded.engine.optimStep = (options) => (taken.push(options), optimStep(options));
    return loaded;
  };
  const rates = { learningRate: 0.01, warmupSteps: 2, schedule: 'cosine', finalShare: 0.5 } as const;
  for (const optimizer of [rates, { ...rates, valueHeadLearningRate: 0.1 }]) {
    const recipe = toyRecipe({ steps: 4, objective: 'ppo', filter: { name: 'none' }, optimizer });
    await train(await toyRequest(join(await temporaryFolder(), 'run'), recipe, { loadModel: watched }));
  }
  expect(taken.map(({ learningRate }) => learningRate)).toEqual([0.005, 0.01, 0.01, 0.005, 0.005, 0.01, 0.01, 0.005]);
  const [without, own] = [taken.slice(0, 4), taken.slice(4)];
  for (const options of without) expect(options).not.toHaveProperty('valueHeadLearningRate');
  for (const { learningRate, valueHeadLearningRate } of own) {
    expect(valueHeadLearningRate! / learningRate).toBeCloseTo(10, 10);
  }
});

it('a learning rate for a value head that the objective does not have is refused in one line, before the model is opened', async () => {
  const optimizer = { learningRate: 0.01, valueHeadLearningRate: 0.1 };
  const line =
    'toy: optimizer.valueHeadLearningRate needs an objective with a value head, got 0.1 with grpo; leave it out, or ' +
    'choose an objective such as ppo';
  const recipe = toyRecipe({ optimizer });
  expect(() => checkObjective(recipe)).toThrow(new UserError(line));
  expect(() => checkObjective(toyRecipe({ optimizer, objective: 'ppo' }))).not.toThrow();
  const never: LoadModel = () => Promise.reject(new Error('the model was opened'));
  const requestIn = async (changes: Parameters<typeof toyRequest>[2]) =>
    await toyRequest(join(await temporaryFolder(), 'run'), recipe, changes);
  await expect(train(await requestIn({ loadModel: never }))).rejects.toThrow(line);
  // Stages of a module may bring another objective than the recipe names: what counts is whether it has a head.
  const stages = (name: string) => () => ({ objective: createObjective(name) });
  await expect(train(await requestIn({ loadModel, stages: stages('grpo') }))).rejects.toThrow(line);
});

it('a learning rate of the value head is positive, and may be left out', () => {
  const parse = (optimizer: Record<string, number>) =>
    recipeSchema.safeParse({ ...toyRecipe(), optimizer: { learningRate: 1, ...optimizer } });
  expect(parse({}).data?.optimizer.valueHeadLearningRate).toBeUndefined();
  expect(parse({ valueHeadLearningRate: 2 }).data?.optimizer.valueHeadLearningRate).toBe(2);
  for (const wrong of [0, -1, Number.NaN]) {
    expect(parse({ valueHeadLearningRate: wrong }).error?.issues[0]?.path).toEqual([
      'optimizer',
      'valueHeadLearningRate',
    ]);
  }
});
