import { describe, expect, it } from 'vitest';
import { EngineError } from '../errors.js';
import { checkConfig, parseModelConfig, toHuggingFaceConfig } from './config.js';
import { weightLayout, weightView } from './layout.js';
import { ropeFrequencies } from './rope.js';

const llama = {
  model_type: 'llama',
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 40,
  max_position_embeddings: 64,
  eos_token_id: 2,
};

function refusal(json: unknown, generation?: unknown): EngineError {
  try {
    parseModelConfig(json, 'm/config.json', generation);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseModelConfig', () => {
  it('reads the spellings of transformers 4 and 5 alike', () => {
    const older = parseModelConfig({ ...llama, rope_theta: 5e5, rope_scaling: null, torch_dtype: 'bfloat16' });
    const newer = parseModelConfig({
      ...llama,
      rope_parameters: { rope_theta: 5e5, rope_type: 'default' },
      dtype: 'bfloat16',
    });
    expect(newer).toEqual(older);
    expect(older.ropeTheta).toBe(5e5);
  });

  it('reads llama3 rope scaling from either spelling', () => {
    const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 32 };
    const older = parseModelConfig({ ...llama, rope_theta: 5e5, rope_scaling: { ...scaling, rope_type: 'llama3' } });
    const newer = parseModelConfig({ ...llama, rope_parameters: { ...scaling, rope_type: 'llama3', rope_theta: 5e5 } });
    expect(newer).toEqual(older);
    expect(older.ropeScaling).toEqual({
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalContextLength: 32,
    });
  });

  it('takes the defaults that published configurations leave out', () => {
    const { num_key_value_heads: _, ...noKv } = llama;
    const config = parseModelConfig(noKv);
    expect(config).toMatchObject({ kvHeads: 4, headDim: 4, ropeTheta: 10_000, normEps: 1e-6, tiedEmbeddings: false });
    expect(parseModelConfig({ ...llama, model_type: 'qwen3' }).headDim).toBe(128);
    expect(parseModelConfig({ ...llama, head_dim: null, model_type: 'qwen2' }).headDim).toBe(4);
  });

  it('joins the end tokens of both files without repeats', () => {
    const config = parseModelConfig({ ...llama, eos_token_id: [2, 5] }, 'config.json', { eos_token_id: [7, 2] });
    expect(config.eosTokenIds).toEqual([2, 5, 7]);
    expect(parseModelConfig({ ...llama, eos_token_id: null }).eosTokenIds).toEqual([]);
  });

  it.each([
    ['config-unsupported', { model_type: 'mistral' }, 'm/config.json: model_type: must be one of llama, qwen2, qwen3'],
    ['config-unsupported', { hidden_act: 'gelu' }, 'm/config.json: hidden_act: must be "silu", got "gelu"; '],
    ['config-unsupported', { attention_bias: true }, 'attention_bias: must be false, got true'],
    ['config-unsupported', { mlp_bias: true }, 'mlp_bias: must be false, got true'],
    ['config-unsupported', { quantization_config: { bits: 4 } }, 'got {"bits":4}'],
    ['config-unsupported', { layer_types: ['full_attention', 'sliding_attention'] }, 'got "sliding_attention"'],
    ['config-unsupported', { use_sliding_window: true, sliding_window: 8, max_window_layers: 1 }, 'use_sliding_window'],
    ['config-unsupported', { rope_scaling: { type: 'yarn', factor: 4 } }, 'config.json: rope_scaling: rope_type'],
    ['config-unsupported', { rope_parameters: { rope_type: 'linear' } }, 'must be "default" or "llama3", got "linear"'],
    ['config-unsupported', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor: must be 1, got 0.5'],
    ['config-invalid', { hidden_size: '16' }, 'm/config.json: hidden_size: must be a positive integer, got "16"; '],
    ['config-invalid', { num_hidden_layers: undefined }, 'num_hidden_layers: must be a positive integer, got nothing'],
    ['config-invalid', { num_key_value_heads: 3 }, 'must divide num_attention_heads 4, got 3'],
    ['config-invalid', { head_dim: 5 }, 'head_dim: must be even'],
    ['config-invalid', { eos_token_id: 40 }, 'eos_token_id: must be below vocab_size 40, got 40'],
    ['config-invalid', { eos_token_id: 1.5 }, 'eos_token_id: must be a token id'],
    ['config-invalid', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, 'low_freq_factor: must be a positive'],
    ['config-invalid', { rms_norm_eps: 0 }, 'rms_norm_eps: must be a positive number, got 0'],
    ['config-invalid', { tie_word_embeddings: 1 }, 'tie_word_embeddings: must be true or false, got 1'],
  ] as const)('%s: %j', (code, change, words) => {
    const error = refusal({ ...llama, ...change });
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('\n');
  });

  it('allows a sliding window that no layer uses', () => {
    expect(parseModelConfig({ ...llama, use_sliding_window: true, sliding_window: 8 }).layers).toBe(2);
    expect(parseModelConfig({ ...llama, use_sliding_window: false, sliding_window: 8 }).layers).toBe(2);
  });

  it('names generation_config.json where the fault lies there', () => {
    expect(refusal(llama, { eos_token_id: 'x' }).message).toContain('m/generation_config.json: eos_token_id');
    expect(refusal([1]).message).toBe('m/config.json: must hold a JSON object, got [1]; restore the file');
  });
});

describe('toHuggingFaceConfig', () => {
  it('is read back as the same configuration', () => {
    for (const family of ['llama', 'qwen2', 'qwen3']) {
      const scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
      for (const rope_scaling of [null, { ...scaling, original_max_position_embeddings: 32 }]) {
        for (const eos_token_id of [null, 3, [3, 4]]) {
          const config = parseModelConfig({
            ...llama,
            model_type: family,
            rope_scaling,
            eos_token_id,
            pad_token_id: 1,
          });
          expect(parseModelConfig(JSON.parse(JSON.stringify(toHuggingFaceConfig(config, 'bf16'))))).toEqual(config);
        }
      }
    }
  });
});

describe('weightLayout', () => {
  it('has the published sizes', () => {
    const smol = parseModelConfig({
      model_type: 'llama',
      hidden_size: 576,
      intermediate_size: 1536,
      num_hidden_layers: 30,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      vocab_size: 49152,
      max_position_embeddings: 8192,
      tie_word_embeddings: true,
    });
    expect(weightLayout(smol).length).toBe(134_515_008);
    const qwen = parseModelConfig({
      model_type: 'qwen2',
      hidden_size: 896,
      intermediate_size: 4864,
      num_hidden_layers: 24,
      num_attention_heads: 14,
      num_key_value_heads: 2,
      vocab_size: 151936,
      max_position_embeddings: 32768,
      tie_word_embeddings: true,
    });
    expect(weightLayout(qwen).length).toBe(494_032_768);
    const qwen3 = parseModelConfig({
      model_type: 'qwen3',
      hidden_size: 1024,
      head_dim: 128,
      intermediate_size: 3072,
      num_hidden_layers: 28,
      num_attention_heads: 16,
      num_key_value_heads: 8,
      vocab_size: 151936,
      max_position_embeddings: 40960,
      tie_word_embeddings: true,
    });
    expect(weightLayout(qwen3).length).toBe(596_049_920);
  });

  it('lies in one array without gaps', () => {
    const layout = weightLayout(parseModelConfig({ ...llama, model_type: 'qwen3', head_dim: 6 }));
    let end = 0;
    for (const slice of layout.slices.values()) {
      expect(slice.offset).toBe(end);
      expect(slice.length).toBe(slice.shape.reduce((a, b) => a * b, 1));
      end += slice.length;
    }
    expect(end).toBe(layout.length);
    expect(layout.slices.get('model.layers.1.self_attn.q_norm.weight')?.shape).toEqual([6]);
    expect(layout.slices.get('lm_head.weight')?.shape).toEqual([40, 16]);
  });

  it('hands out views, and refuses names that the model lacks', () => {
    const layout = weightLayout(parseModelConfig(llama));
    const weights = { layout, data: new Float32Array(layout.length) };
    weightView(weights, 'model.norm.weight').fill(3);
    expect(weights.data.filter((value) => value === 3).length).toBe(16);
    expect(() => weightView(weights, 'model.norm.bias')).toThrow(/weightView: name must be a tensor of the model/);
  });
});

describe('ropeFrequencies', () => {
  it('falls geometrically from 1', () => {
    const frequencies = ropeFrequencies({ headDim: 8, ropeTheta: 10_000, ropeScaling: null });
    expect([...frequencies].map((f) => Number(f.toPrecision(6)))).toEqual([1, 0.1, 0.01, 0.001]);
  });

  it('keeps high frequencies, divides low ones and interpolates between', () => {
    const plain = ropeFrequencies({ headDim: 64, ropeTheta: 500_000, ropeScaling: null });
    const ropeScaling = { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 };
    const scaled = ropeFrequencies({ headDim: 64, ropeTheta: 500_000, ropeScaling });
    const ratios = [...scaled].map((value, i) => value / (plain[i] ?? NaN));
    expect(ratios[0]).toBe(1);
    expect(ratios.at(-1)).toBeCloseTo(1 / 8, 6);
    const between = ratios.filter((ratio) => ratio < 0.999 && ratio > 0.126);
    expect(between.length).toBeGreaterThan(0);
    expect([...ratios].sort((a, b) => b - a)).toEqual(ratios);
  });
});

describe('checkConfig', () => {
  it('checks configurations made in code by the same rules', () => {
    const config = parseModelConfig(llama);
    expect(() => checkConfig(config)).not.toThrow();
    expect(() => checkConfig({ ...config, kvHeads: 3 }, 'pretrain')).toThrow(
      /^pretrain: num_key_value_heads: must divide/,
    );
  });
});
