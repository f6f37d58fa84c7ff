import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readModelOutline } from './outline.js';

async function folderWith(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-outline-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, value] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(value));
  return folder;
}

const QWEN3 = {
  ...{ architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', hidden_act: 'silu', rms_norm_eps: 1e-6 },
  ...{ hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1 },
  ...{ head_dim: 8, vocab_size: 50, max_position_embeddings: 128, tie_word_embeddings: true, eos_token_id: 3 },
};

describe('readModelOutline', () => {
  it('counts the weights of a model that this engine computes, without any weights there', async () => {
    const { info, companions } = await readModelOutline(await folderWith({ 'config.json': QWEN3 }));
    // Embedding 800; a layer: q 256, k and v 128 each, o 256, MLP 3 x 512, norms 2 x 16 and 2 x 8; the last norm 16.
    expect(info).toEqual({
      family: 'qwen3',
      parameters: 800 + 2 * 2352 + 16,
      vocabSize: 50,
      contextLength: 128,
      eosTokenIds: [3],
    });
    expect(companions.size).toBe(0);
  });

  it('reads what a server needs of any other architecture, text models inside image models included', async () => {
    const text = { vocab_size: 1000, max_position_embeddings: 4096, eos_token_id: 7 };
    const mixture = { architectures: ['Qwen3MoeForCausalLM'], model_type: 'qwen3_moe', ...text };
    const vision = { architectures: ['SomeVisionModel'], model_type: 'some_vl', text_config: text };
    const generation = { 'generation_config.json': { eos_token_id: [7, 8] } };
    for (const config of [mixture, vision]) {
      const { info } = await readModelOutline(await folderWith({ 'config.json': config, ...generation }));
      expect(info).toMatchObject({
        family: config.model_type,
        vocabSize: 1000,
        contextLength: 4096,
        eosTokenIds: [7, 8],
      });
      expect(info.parameters).toBeNaN();
    }
  });

  it('says what a foreign config lacks', async () => {
    const config = { architectures: ['SomeModel'], model_type: 'some', vocab_size: 10 };
    await expect(readModelOutline(await folderWith({ 'config.json': config }))).rejects.toThrow(
      /max_position_embeddings must be a positive integer, got undefined/,
    );
  });
});
