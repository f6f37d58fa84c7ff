import { initWeights, parseModelConfig, type ModelFolder, Tokenizer } from '@touchstone/engine';
import { buildTokenizer } from '../task/corpus/tokenizer.js';
import type { PretrainRecipe } from './recipe.js';

/** The model to start from: the recipe's architecture with the shipped tokenizer and freshly drawn weights. */
export function freshModel(recipe: PretrainRecipe): { readonly folder: ModelFolder; readonly tokenizer: Tokenizer } {
  const files = buildTokenizer();
  const companions = new Map(
    Object.entries(files).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'utf8'))]),
  );
  const tokenizer = Tokenizer.fromFiles(companions);
  const { hiddenSize, layers, heads, kvHeads, headDim, intermediateSize, contextLength, ropeTheta } =
    recipe.architecture;
  const config = parseModelConfig({
    model_type: 'qwen3',
    vocab_size: tokenizer.vocabSize,
    hidden_size: hiddenSize,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    intermediate_size: intermediateSize,
    max_position_embeddings: contextLength,
    rope_theta: ropeTheta,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    eos_token_id: tokenizer.eosTokenId,
    pad_token_id: tokenizer.padTokenId,
  });
  return { folder: { config, weights: initWeights(config, recipe.seed), companions }, tokenizer };
}
