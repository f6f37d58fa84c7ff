import type { ColumnRequest, EngineLimits } from '@touchstone/engine';
import { TINKER_LIMITS } from '@touchstone/engine/tinker';
import type { DifferentiableColumn, Objective } from '@touchstone/objectives';
import { createObjective, objectiveNames } from '@touchstone/objectives';
import type { Recipe } from '../config/recipe.js';
import { UserError } from '../errors.js';
import { checkLatrEngine } from '../rollout/latr.js';
import { missingColumns, planColumns } from '../trainer/columns.js';
import type { StagesFactory } from './stages.js';
import { checkObjective, objectiveOf } from './stages.js';

/** Throws a UserError for what can be told to be wrong without a model, before a server is bothered. */
export function checkRecipe(recipe: Recipe, stages?: StagesFactory): void {
  checkObjective(recipe, stages);
  // Stages of a module's own are looked at once they are made.
  if (recipe.engine.name === 'tinker' && stages === undefined) {
    checkLimits(recipe, objectiveOf(recipe), TINKER_LIMITS);
  }
}

/** Which column of the engine a gradient goes through beside the log-prob. */
const columnOf: Readonly<Record<DifferentiableColumn, keyof ColumnRequest | undefined>> = {
  logProb: undefined,
  entropy: 'entropy',
  meanLogProb: 'meanLogProb',
  topK: 'topK',
  values: 'value',
};

/** What an objective asks of the engine that one with these limits cannot give. */
export function beyondLimits(objective: Objective, { columns }: EngineLimits): string[] {
  const { start, current } = planColumns(objective, 1, Number.MAX_SAFE_INTEGER);
  const asked = new Set(Object.keys({ ...start, ...current }) as (keyof ColumnRequest)[]);
  const gradients = objective.differentiates.flatMap((name) => columnOf[name] ?? []);
  return [...new Set([...asked, ...gradients])].filter((column) => !columns.includes(column));
}

/**
 * Throws a UserError, before anything is sampled, for a recipe that asks for what this engine cannot give, with the
 * objectives that it can run.
 */
export function checkLimits(recipe: Recipe, objective: Objective, limits: EngineLimits | undefined): void {
  if (limits === undefined) return;
  const { name, rollout } = recipe;
  const beyond = beyondLimits(objective, limits);
  if (beyond.length > 0) {
    throw new UserError(
      `${name}: objective must do with what the ${recipe.engine.name} engine gives, got ${objective.name}, which also ` +
        `needs ${beyond.join(' and ')}; use the local engine, or one of: ${objectivesWithin(limits).join(', ')}`,
    );
  }
  if (rollout.strategy.name === 'latr') checkLatrEngine(`${name}: rollout`, limits);
  if (limits.temperatures || rollout.temperature === 1) return;
  throw new UserError(
    `${name}: rollout.temperature must be 1 with the ${recipe.engine.name} engine, whose log-probs know no temperature, ` +
      `got ${rollout.temperature}; leave it out, or use the local engine`,
  );
}

/** Names of the objectives that such an engine runs with their default settings. */
export function objectivesWithin(limits: EngineLimits): string[] {
  return objectiveNames.filter((name) => {
    const objective = createObjective(name);
    return missingColumns(objective).length === 0 && beyondLimits(objective, limits).length === 0;
  });
}
