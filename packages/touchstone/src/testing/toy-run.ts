import { existsSync } from 'node:fs';
import type { Recipe, RecipeInput } from '../config/recipe.js';
import { recipeSchema } from '../config/recipe.js';
import { silentObserver } from '../run/observer.js';
import type { TrainRequest } from '../run/train.js';
import { createRun, runPaths } from '../run/run-folder.js';
import { loadToyModel, toySource } from './toy-task.js';

/** A recipe that the tabular engine learns the toy task with, in well under a second. */
export function toyRecipe(changes: Partial<RecipeInput> = {}): Recipe {
  return recipeSchema.parse({
    name: 'toy',
    model: 'toy',
    steps: 40,
    threads: 1,
    task: 'successor',
    rollout: { prompts: 5, group: 16, maxNewTokens: 3 },
    optimizer: { learningRate: 0.3 },
    evaluation: { tasks: 5, samples: 8, every: 20 },
    ...changes,
  });
}

/** A run of that recipe in `folder`: a new one where nothing is there, otherwise the one that is. */
export async function toyRequest(
  folder: string,
  recipe = toyRecipe(),
  changes: Partial<TrainRequest> = {},
): Promise<TrainRequest> {
  const description = { recipe, recipeFile: null, directory: '.', seeds: {}, versions: {}, created: '' };
  const paths = existsSync(folder) ? runPaths(folder) : await createRun(folder, description);
  return {
    ...{ recipe, source: toySource, directory: '.', paths, loadModel: loadToyModel, observer: silentObserver },
    stop: { requested: false },
    ...changes,
  };
}
