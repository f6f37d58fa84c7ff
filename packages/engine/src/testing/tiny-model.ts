import { parseModelConfig, type ModelConfig, type ModelFamily } from '../model/config.js';
import { initWeights } from '../model/init.js';
import { weightView, type ModelWeights } from '../model/layout.js';
import { referenceLogits, referenceValues } from './reference-model.js';

/** A model of a few thousand weights whose every part matters: large weights, norms away from 1, biases away from 0. */
export interface TinyModel {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  /** Logits of the float64 reference under the current values of `weights`, [tokens][vocab]. */
  readonly logits: (tokens: ArrayLike<number>) => Float64Array[];
  /** What its value head makes of the tokens up to each; throws without one. */
  readonly values: (tokens: ArrayLike<number>) => number[];
}

export function tinyModel(family: ModelFamily, tied: boolean, valueHead = false): TinyModel {
  const parsed = parseModelConfig({
    model_type: family,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    intermediate_size: 24,
    vocab_size: 19,
    max_position_embeddings: 32,
    tie_word_embeddings: tied,
    initializer_range: 0.5,
    eos_token_id: 1,
  });
  const config = { ...parsed, valueHead };
  const weights = initWeights(config, 7);
  weights.data.forEach((w, i) => (weights.data[i] = w + 0.2 * Math.sin(i)));
  const named = () => new Map([...weights.layout.slices.keys()].map((name) => [name, weightView(weights, name)]));
  return {
    config,
    weights,
    logits: (tokens) => referenceLogits(config, named(), tokens),
    values: (tokens) => referenceValues(config, named(), tokens),
  };
}

/** The families with both ways of storing the output head among them. */
export const TINY_MODELS = [
  ['llama', true],
  ['qwen2', false],
  ['qwen3', true],
] as const satisfies readonly (readonly [ModelFamily, boolean])[];
