import { EngineError, shown } from '../errors.js';
import { JsonFields } from './json-fields.js';

/** Families whose forward pass the engine computes. */
export const MODEL_FAMILIES = ['llama', 'qwen2', 'qwen3'] as const;
export type ModelFamily = (typeof MODEL_FAMILIES)[number];

/** Frequency-dependent stretching of rotary embeddings as in Llama 3.1 (`rope_type: "llama3"`). */
export interface Llama3RopeScaling {
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalContextLength: number;
}

/** A decoder-only transformer with RMSNorm, rotary embeddings, grouped-query attention and SwiGLU. */
export interface ModelConfig {
  readonly family: ModelFamily;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Divides `heads`. */
  readonly kvHeads: number;
  /** Even; `heads * headDim` need not equal `hiddenSize`. */
  readonly headDim: number;
  readonly intermediateSize: number;
  /** Rows of the embedding; may exceed the tokenizer's vocabulary (padding rows). */
  readonly vocabSize: number;
  readonly normEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling: Llama3RopeScaling | null;
  /** Longest sequence in tokens. */
  readonly contextLength: number;
  /** The output head is the embedding. */
  readonly tiedEmbeddings: boolean;
  /** Biases on the query, key and value projections (Qwen2). */
  readonly qkvBias: boolean;
  /** RMSNorm over each head's queries and keys before the rotation (Qwen3). */
  readonly qkNorm: boolean;
  /** Of `config.json` and `generation_config.json` together; empty where neither names one. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
  readonly padTokenId: number | null;
  /** Standard deviation of freshly drawn weights. */
  readonly initializerRange: number;
  /** A linear map of the last hidden state to one number a token, beside the output head. Not a matter of `config.json`. */
  readonly valueHead: boolean;
}

/** Which weights beyond the common ones a family has. Total, so a new family cannot forget to answer. */
const FAMILY_TRAITS: { readonly [F in ModelFamily]: Pick<ModelConfig, 'qkvBias' | 'qkNorm'> } = {
  llama: { qkvBias: false, qkNorm: false },
  qwen2: { qkvBias: true, qkNorm: false },
  qwen3: { qkvBias: false, qkNorm: true },
};

const ARCHITECTURES: { readonly [F in ModelFamily]: string } = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

const ONLY_THESE = `use a model whose model_type is ${MODEL_FAMILIES.join(', ')}`;

/**
 * Reads a parsed `config.json`, in the spelling of transformers 4 (`rope_theta`, `rope_scaling`) or 5
 * (`rope_parameters`). Missing keys take the defaults of transformers where published models rely on them.
 *
 * @param file Named in errors.
 * @param generation The parsed `generation_config.json` beside it, if there is one: it may name further end tokens.
 * @throws EngineError `config-invalid`, or `config-unsupported` for what the engine would compute wrongly.
 */
export function parseModelConfig(json: unknown, file = 'config.json', generation?: unknown): ModelConfig {
  const fields = new JsonFields(json, file);
  const family = parseFamily(fields);
  refuseUnsupported(fields);
  const hiddenSize = fields.positiveInteger('hidden_size');
  const heads = fields.positiveInteger('num_attention_heads');
  const contextLength = fields.positiveInteger('max_position_embeddings');
  const config: ModelConfig = {
    family,
    ...FAMILY_TRAITS[family],
    hiddenSize,
    heads,
    contextLength,
    layers: fields.positiveInteger('num_hidden_layers'),
    kvHeads: fields.positiveInteger('num_key_value_heads', family === 'llama' ? heads : undefined),
    headDim: fields.positiveInteger('head_dim', family === 'qwen3' ? 128 : Math.floor(hiddenSize / heads)),
    intermediateSize: fields.positiveInteger('intermediate_size'),
    vocabSize: fields.positiveInteger('vocab_size'),
    normEps: fields.positiveNumber('rms_norm_eps', 1e-6),
    ...parseRope(fields, contextLength),
    tiedEmbeddings: fields.boolean('tie_word_embeddings', false),
    eosTokenIds: endTokens(fields, generation, file),
    bosTokenId: fields.tokenIds('bos_token_id')[0] ?? null,
    padTokenId: fields.tokenIds('pad_token_id')[0] ?? null,
    initializerRange: fields.positiveNumber('initializer_range', 0.02),
    valueHead: false,
  };
  checkConfig(config, file);
  return config;
}

function parseFamily(fields: JsonFields): ModelFamily {
  const type = fields.get('model_type');
  const family = MODEL_FAMILIES.find((known) => known === type);
  if (family !== undefined) return family;
  throw new EngineError('config-unsupported', {
    at: fields.at('model_type'),
    rule: `must be one of ${MODEL_FAMILIES.join(', ')}`,
    got: shown(type),
    fix: ONLY_THESE,
  });
}

/** Options that change the computation and that no plain checkpoint of these families turns on. */
function refuseUnsupported(fields: JsonFields): void {
  const activation = fields.get('hidden_act') ?? 'silu';
  if (activation !== 'silu') fields.unsupported('hidden_act', 'must be "silu"', activation);
  for (const key of ['attention_bias', 'mlp_bias']) {
    if (fields.boolean(key, false)) fields.unsupported(key, 'must be false', true);
  }
  const quantization = fields.get('quantization_config') ?? null;
  if (quantization !== null) {
    fields.unsupported('quantization_config', 'must be absent (weights in f32, f16 or bf16)', quantization);
  }
  const types = fields.get('layer_types') ?? null;
  if (Array.isArray(types)) {
    const other: unknown = types.find((type) => type !== 'full_attention');
    if (other !== undefined) fields.unsupported('layer_types', 'must all be "full_attention"', other);
  } else if (fields.boolean('use_sliding_window', false) && slidingLayers(fields) > 0) {
    fields.unsupported('use_sliding_window', 'must be false', true);
  }
}

/** Qwen windows only the layers from `max_window_layers` on; its default lies beyond many models' depth. */
function slidingLayers(fields: JsonFields): number {
  if ((fields.get('sliding_window') ?? null) === null) return 0;
  return fields.positiveInteger('num_hidden_layers') - fields.nonNegativeInteger('max_window_layers', 28);
}

function parseRope(fields: JsonFields, contextLength: number): Pick<ModelConfig, 'ropeTheta' | 'ropeScaling'> {
  const newer = fields.child('rope_parameters');
  const rope = newer ?? fields.child('rope_scaling');
  const ropeTheta = (newer?.get('rope_theta') === undefined ? fields : newer).positiveNumber('rope_theta', 10_000);
  const rotated = (newer?.get('partial_rotary_factor') === undefined ? fields : newer).positiveNumber(
    'partial_rotary_factor',
    1,
  );
  if (rotated !== 1) fields.unsupported('partial_rotary_factor', 'must be 1', rotated);
  const type = rope === undefined ? 'default' : (rope.get('rope_type') ?? rope.get('type') ?? 'default');
  if (rope === undefined || type === 'default') return { ropeTheta, ropeScaling: null };
  if (type !== 'llama3') rope.unsupported('rope_type', 'must be "default" or "llama3"', type);
  const ropeScaling: Llama3RopeScaling = {
    factor: rope.positiveNumber('factor'),
    lowFreqFactor: rope.positiveNumber('low_freq_factor'),
    highFreqFactor: rope.positiveNumber('high_freq_factor'),
    originalContextLength: rope.positiveInteger('original_max_position_embeddings', contextLength),
  };
  if (ropeScaling.highFreqFactor <= ropeScaling.lowFreqFactor) {
    rope.invalid('high_freq_factor', `must exceed low_freq_factor ${ropeScaling.lowFreqFactor}`);
  }
  return { ropeTheta, ropeScaling };
}

function endTokens(fields: JsonFields, generation: unknown, file: string): number[] {
  const own = fields.tokenIds('eos_token_id');
  if (generation === undefined) return own;
  const beside = new JsonFields(generation, file.replace(/config\.json$/, 'generation_config.json'));
  return [...new Set([...own, ...beside.tokenIds('eos_token_id')])];
}

/**
 * The rules that tie the values of a configuration together.
 *
 * @throws EngineError `config-invalid`.
 */
export function checkConfig(config: ModelConfig, at = 'checkConfig'): void {
  const refuse = (key: string, rule: string, got: number): never => {
    throw new EngineError('config-invalid', { at: `${at}: ${key}`, rule, got: String(got), fix: `correct ${key}` });
  };
  const { heads, kvHeads, headDim, vocabSize } = config;
  if (heads % kvHeads !== 0) refuse('num_key_value_heads', `must divide num_attention_heads ${heads}`, kvHeads);
  if (headDim % 2 !== 0) refuse('head_dim', 'must be even (rotary embeddings turn pairs)', headDim);
  const special = {
    eos_token_id: config.eosTokenIds,
    bos_token_id: [config.bosTokenId],
    pad_token_id: [config.padTokenId],
  };
  for (const [key, ids] of Object.entries(special)) {
    for (const id of ids) {
      if (id !== null && id >= vocabSize) refuse(key, `must be below vocab_size ${vocabSize}`, id);
    }
  }
}

/**
 * The `config.json` of a model, in the spelling of transformers 4, which version 5 reads too.
 *
 * @param dtype Storage of the weights beside it.
 */
export function toHuggingFaceConfig(
  config: ModelConfig,
  dtype: 'f32' | 'bf16' | 'f16' = 'f32',
): Record<string, unknown> {
  const { ropeScaling, eosTokenIds } = config;
  return {
    architectures: [ARCHITECTURES[config.family]],
    attention_dropout: 0,
    bos_token_id: config.bosTokenId,
    eos_token_id: eosTokenIds.length > 1 ? [...eosTokenIds] : (eosTokenIds[0] ?? null),
    head_dim: config.headDim,
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    initializer_range: config.initializerRange,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.contextLength,
    model_type: config.family,
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    num_key_value_heads: config.kvHeads,
    pad_token_id: config.padTokenId,
    rms_norm_eps: config.normEps,
    rope_scaling:
      ropeScaling === null
        ? null
        : {
            rope_type: 'llama3',
            factor: ropeScaling.factor,
            low_freq_factor: ropeScaling.lowFreqFactor,
            high_freq_factor: ropeScaling.highFreqFactor,
            original_max_position_embeddings: ropeScaling.originalContextLength,
          },
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tiedEmbeddings,
    torch_dtype: { f32: 'float32', bf16: 'bfloat16', f16: 'float16' }[dtype],
    use_cache: true,
    vocab_size: config.vocabSize,
  };
}
