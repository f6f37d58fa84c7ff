import { saveModelFolder } from '@touchstone/engine';
import { freshModel } from '../pretrain/base-model.js';
import { pretrainSchema } from '../pretrain/recipe.js';

/** Writes a model of a few thousand random weights with the tokenizer of the shipped one; it loads in milliseconds. */
export async function writeTinyModel(folder: string, contextLength = 64): Promise<void> {
  const architecture = { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, headDim: 8, intermediateSize: 32 };
  const recipe = pretrainSchema.parse({ architecture: { ...architecture, contextLength }, seed: 1 });
  await saveModelFolder(folder, freshModel(recipe).folder);
}
