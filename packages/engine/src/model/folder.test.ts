import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../errors.js';
import type { ModelConfig } from './config.js';
import { parseModelConfig } from './config.js';
import { loadModelFolder, readModelDescription, saveModelFolder } from './folder.js';
import type { ModelFolder } from './folder.js';
import { initWeights } from './init.js';
import { weightView } from './layout.js';
import { writeSafetensors } from './safetensors.js';

const base = {
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  vocab_size: 20,
  max_position_embeddings: 32,
  eos_token_id: 1,
};
const tokenizer = { model: { type: 'BPE', vocab: { a: 0, b: 18 } }, added_tokens: [{ id: 19, content: '<end>' }] };

function made(change: Record<string, unknown> = {}): ModelFolder {
  const config = parseModelConfig({ model_type: 'llama', ...base, ...change });
  const companions = new Map([['tokenizer.json', Buffer.from(JSON.stringify(tokenizer))]]);
  return { config, weights: initWeights(config, 7), companions };
}

let root = '';
let folder = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'touchstone-folder-'));
});
beforeEach(() => {
  folder = join(root, String(count++));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function failure(of: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await of.then(
    () => new Error('nothing failed'),
    (e: unknown) => e,
  );
  if (error instanceof EngineError) return error;
  throw error;
}

/** Writes the weights as two shards with an index, as transformers does for large models. */
async function shard(model: ModelFolder): Promise<void> {
  const names = [...model.weights.layout.slices.keys()];
  const weight_map: Record<string, string> = {};
  for (const part of [0, 1]) {
    const file = `model-0000${part + 1}-of-00002.safetensors`;
    const own = names.filter((_, i) => i % 2 === part);
    for (const name of own) weight_map[name] = file;
    const tensors = own.map((name) => ({
      name,
      shape: model.weights.layout.slices.get(name)?.shape ?? [],
      data: weightView(model.weights, name),
    }));
    await writeSafetensors(join(folder, file), tensors);
  }
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  await rm(join(folder, 'model.safetensors'));
}

describe('a saved model', () => {
  it.each(['llama', 'qwen2', 'qwen3'])('%s is loaded with the same weights, tied and untied', async (model_type) => {
    for (const tie_word_embeddings of [true, false]) {
      const model = made({ model_type, tie_word_embeddings });
      await saveModelFolder(folder, model);
      expect(await loadModelFolder(folder)).toEqual({
        ...model,
        companions: new Map([['tokenizer.json', Buffer.from(JSON.stringify(tokenizer))]]),
      });
    }
  });

  it('is loaded from shards', async () => {
    const model = made();
    await saveModelFolder(folder, model);
    await shard(model);
    expect((await loadModelFolder(folder)).weights).toEqual(model.weights);
  });

  it('keeps the rounding of its storage', async () => {
    const model = made();
    await saveModelFolder(folder, model, 'bf16');
    const once = await loadModelFolder(folder);
    await saveModelFolder(folder, once, 'bf16');
    expect((await loadModelFolder(folder)).weights).toEqual(once.weights);
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config['torch_dtype']).toBe('bfloat16');
    const distances = once.weights.data.map((value, i) => Math.abs(value - (model.weights.data[i] ?? NaN)));
    expect(Math.max(...distances)).toBeGreaterThan(0);
    expect(Math.max(...distances)).toBeLessThan(0.001);
  });

  it('leaves no temporary files', async () => {
    await saveModelFolder(folder, made());
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  });

  it('may carry a head that tied embeddings do not use, and old rotary tables', async () => {
    const model = made({ tie_word_embeddings: true });
    await saveModelFolder(folder, model);
    const tensors = [...model.weights.layout.slices].map(([name, { shape }]) => ({
      name,
      shape,
      data: weightView(model.weights, name),
    }));
    const extra = [
      { name: 'lm_head.weight', shape: [20, 8], data: new Float32Array(160) },
      { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', shape: [2], data: new Float32Array(2) },
    ];
    await writeSafetensors(join(folder, 'model.safetensors'), [...tensors, ...extra]);
    expect((await loadModelFolder(folder)).weights).toEqual(model.weights);
  });
});

describe('a faulty folder is one clear line', () => {
  const cases: readonly (readonly [string, string, (model: ModelFolder) => Promise<unknown>, string])[] = [
    ['no folder', 'folder-missing', () => rm(folder, { recursive: true }), 'must be a model folder, got no such folder; check the path'],
    ['a file', 'folder-missing', () => rm(folder, { recursive: true }).then(() => writeFile(folder, '')), 'got a file'],
    ['no config.json', 'file-missing', () => rm(join(folder, 'config.json')), 'must hold config.json; name a folder'],
    ['malformed config', 'config-invalid', () => writeFile(join(folder, 'config.json'), '{'), 'config.json: must be valid JSON, got '],
    ['no weights', 'file-missing', () => rm(join(folder, 'model.safetensors')), 'must hold model.safetensors or model.safetensors.index.json'],
    ['truncated', 'weights-corrupt', () => truncate(join(folder, 'model.safetensors'), 3000), 'model.safetensors: must hold '],
    [
      'another hidden size',
      'weights-mismatch',
      () => saveConfig({ hidden_size: 16 }),
      'model.embed_tokens.weight: must have shape [20,16] as config.json asks, got [20,8]; check that config.json',
    ],
    ['more layers', 'weights-mismatch', () => saveConfig({ num_hidden_layers: 3 }), 'must hold the tensor model.layers.2.input_layernorm.weight [8] that'],
    ['fewer layers', 'weights-mismatch', () => saveConfig({ num_hidden_layers: 1 }), 'must hold only tensors that config.json asks for, got model.layers.1.'],
    ['another family', 'weights-mismatch', () => saveConfig({ model_type: 'qwen2' }), 'self_attn.q_proj.bias [8] that config.json'],
    ['small vocabulary', 'tokenizer-mismatch', () => saveConfig({ vocab_size: 19 }), 'tokenizer.json: token ids must be below the vocab_size 19 of config.json, got 19 for "<end>"; put'],
    ['malformed tokenizer', 'tokenizer-invalid', () => writeFile(join(folder, 'tokenizer.json'), '[]'), 'model.vocab: must be an object or a list, got nothing'],
    ['end token', 'config-invalid', () => writeFile(join(folder, 'generation_config.json'), '{"eos_token_id": 20}'), 'eos_token_id: must be below vocab_size 20, got 20'],
    ['no shard', 'file-missing', (model) => shard(model).then(() => rm(join(folder, 'model-00002-of-00002.safetensors'))), 'must hold model-00002-of-00002.safetensors, which'],
    ['foreign shard', 'weights-corrupt', () => index({ x: '../other.safetensors' }), 'x: must be the name of a .safetensors file in the same folder, got "../other.safetensors"'],
    ['no map', 'weights-corrupt', () => index(null), 'weight_map: must map tensor names to file names, got null'],
    ['no tensor', 'weights-corrupt', (model) => shard(model).then(() => index({ gone: 'model-00001-of-00002.safetensors' })), 'must hold gone, as model.safetensors.index.json says'],
  ]; // prettier-ignore

  const saveConfig = (change: Record<string, unknown>) =>
    writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'llama', ...base, ...change }));
  const index = async (weight_map: unknown) => {
    await rm(join(folder, 'model.safetensors'), { force: true });
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  };

  it.each(cases)('%s', async (_, code, spoil, words) => {
    const model = made();
    await saveModelFolder(folder, model);
    await spoil(model);
    const error = await failure(loadModelFolder(folder));
    expect(error.message).toContain(words);
    expect(error.message).toContain(folder);
    expect(error.message).not.toContain('\n');
    expect(error.code).toBe(code);
  });

  it('that cannot be written', async () => {
    await writeFile(folder, 'in the way');
    const error = await failure(saveModelFolder(folder, made()));
    expect(error.code).toBe('write-failed');
  });
});

describe('readModelDescription', () => {
  it('reads no weights', async () => {
    await mkdir(folder);
    await saveModelFolder(folder, made());
    await rm(join(folder, 'model.safetensors'));
    expect((await readModelDescription(folder)).config.layers).toBe(2);
  });

  it('works without a tokenizer', async () => {
    const model = made();
    await saveModelFolder(folder, { ...model, companions: new Map() });
    await cp(folder, `${folder}-copy`, { recursive: true });
    expect((await loadModelFolder(`${folder}-copy`)).companions.size).toBe(0);
  });
});

describe('initWeights', () => {
  const config: ModelConfig = made({ model_type: 'qwen2', hidden_size: 64, intermediate_size: 96 }).config;

  it('is decided by the seed', () => {
    expect(initWeights(config, 1)).toEqual(initWeights(config, 1));
    expect(initWeights(config, 1).data).not.toEqual(initWeights(config, 2).data);
  });

  it('draws a tensor by its name, whatever else the model has', () => {
    const name = 'model.layers.1.mlp.up_proj.weight';
    const shallow = weightView(initWeights({ ...config, layers: 2 }, 5), name);
    const deep = weightView(initWeights({ ...config, layers: 4, tiedEmbeddings: true }, 5), name);
    expect(deep).toEqual(shallow);
    expect(weightView(initWeights(config, 5), 'model.layers.0.mlp.up_proj.weight')).not.toEqual(shallow);
  });

  it('has ones in norms, zeros in biases and the stated spreads elsewhere', () => {
    const weights = initWeights(config, 3);
    const spread = (name: string) => {
      const view = weightView(weights, name);
      return Math.sqrt(view.reduce((sum, value) => sum + value * value, 0) / view.length);
    };
    expect(weightView(weights, 'model.norm.weight').every((value) => value === 1)).toBe(true);
    expect(weightView(weights, 'model.layers.0.self_attn.k_proj.bias').every((value) => value === 0)).toBe(true);
    expect(spread('model.layers.0.mlp.gate_proj.weight')).toBeCloseTo(0.02, 3);
    expect(spread('model.layers.0.mlp.down_proj.weight')).toBeCloseTo(0.01, 3);
  });
});
