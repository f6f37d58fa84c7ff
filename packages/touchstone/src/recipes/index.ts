import type { RecipeInput } from '../config/recipe.js';
import type { StagesFactory } from '../run/stages.js';
import { quickstart } from './quickstart.js';

/** A recipe that comes with Touchstone. */
export interface BuiltInRecipe {
  readonly recipe: RecipeInput;
  readonly stages?: StagesFactory | undefined;
}

export const recipes: Readonly<Record<string, BuiltInRecipe>> = { quickstart };
