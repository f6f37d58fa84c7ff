import type { Engine } from '@touchstone/engine';
import type { Objective } from '@touchstone/objectives';
import type { Recipe } from '../config/recipe.js';
import { UserError } from '../errors.js';
import { deriveSeed } from '../random.js';
import { needsValueHead } from '../trainer/columns.js';

/** Gives the engine's model a value head; one that was saved with a head goes on with that. */
export async function addValueHead(engine: Engine, { name, seed, objective }: Recipe): Promise<void> {
  if (engine.addValueHead !== undefined) return await engine.addValueHead(deriveSeed(seed, 'value head'));
  throw new UserError(
    `${name}: objective.name must be one that the engine can run, got ${objective.name}, which needs a value head; ` +
      'choose one that does without, such as grpo, or use the local engine',
  );
}

/** Throws a UserError for a learning rate of a value head that this objective does not have. */
export function checkValueHeadRate(recipe: Recipe, objective: Objective): void {
  const { valueHeadLearningRate } = recipe.optimizer;
  if (valueHeadLearningRate === undefined || needsValueHead(objective)) return;
  throw new UserError(
    `${recipe.name}: optimizer.valueHeadLearningRate needs an objective with a value head, got ${valueHeadLearningRate} ` +
      `with ${recipe.objective.name}; leave it out, or choose an objective such as ppo`,
  );
}

/** Times the learning rate with which the value head learns, at every step of the schedule; nothing where it is 1. */
export function valueHeadFactor({ optimizer }: Recipe): { readonly valueHeadFactor?: number } {
  const { learningRate, valueHeadLearningRate } = optimizer;
  return valueHeadLearningRate === undefined ? {} : { valueHeadFactor: valueHeadLearningRate / learningRate };
}
