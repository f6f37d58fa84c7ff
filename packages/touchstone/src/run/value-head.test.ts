import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initWeights, LocalEngine, parseModelConfig } from '@touchstone/engine';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { END_TOKEN, toyCodec } from '../testing/toy-task.js';
import { toyRecipe, toyRequest } from '../testing/toy-run.js';
import type { LoadModel } from './model.js';
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
