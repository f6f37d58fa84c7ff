import { createObjective } from '@touchstone/objectives';
import type { Recipe } from '../config/recipe.js';
import type { TextCodec } from '../environment/environment.js';
import { singleTurnEnvironment } from '../environment/environment.js';
import { UserError } from '../errors.js';
import { overlongReward, verdictReward } from '../reward/reward.js';
import { latrStrategy } from '../rollout/latr.js';
import { sampleGroups } from '../rollout/strategy.js';
import type { Json, TaskSource } from '../task/task.js';
import type { Stateful } from '../trainer/curriculum.js';
import { uniformCurriculum } from '../trainer/curriculum.js';
import { missingColumns } from '../trainer/columns.js';
import { groupFilters } from '../trainer/filter.js';
import { groupedMinibatches } from '../trainer/minibatches.js';
import { learningRateSchedule } from '../trainer/schedule.js';
import { teacherPrompt } from '../trainer/teacher.js';
import type { Stages } from '../trainer/trainer.js';
import { checkValueHeadRate } from './value-head.js';

/** Stages that a recipe written as a module replaces; called once at the start of a run and again when it resumes. */
export type StagesFactory = (context: StagesContext) => Partial<Stages>;

export interface StagesInput {
  readonly recipe: Recipe;
  readonly source: TaskSource;
  readonly codec: TextCodec;
  /** Of the model, in tokens. */
  readonly contextLength: number;
}

export interface StagesContext extends StagesInput {
  /** What the recipe's settings alone would give: for wrapping instead of writing anew. */
  readonly defaults: Stages;
}

/** The stages that a recipe asks for. Throws a UserError for an objective or a setting of it that does not exist. */
export function buildStages(input: StagesInput, factory?: StagesFactory): Stages {
  const { recipe, source } = input;
  const { rollout, optimizer, filter, reward } = recipe;
  const plain = verdictReward(reward);
  const defaults: Stages = {
    environment: singleTurnEnvironment(input),
    curriculum: uniformCurriculum(source, recipe.seed),
    strategy: rollout.strategy.name === 'latr' ? latrStrategy(rollout.strategy) : sampleGroups,
    reward:
      reward.overlong === undefined
        ? plain
        : overlongReward(plain, { ...reward.overlong, maxNewTokens: rollout.maxNewTokens }),
    filter: groupFilters[filter.name],
    objective: objectiveOf(recipe),
    teacherPrompt,
    minibatcher: groupedMinibatches,
    schedule: learningRateSchedule(optimizer, recipe.steps),
  };
  return { ...defaults, ...factory?.({ ...input, defaults }) };
}

/** What stateful stages remember, by stage. */
export function stageStates(stages: Stages): Record<string, Json> {
  const states: Record<string, Json> = {};
  for (const [name, stage] of Object.entries(stages) as [string, Stateful][]) {
    const state = stage.state?.();
    if (state !== undefined) states[name] = state;
  }
  return states;
}

export function restoreStages(stages: Stages, states: Readonly<Record<string, Json>>): void {
  for (const [name, stage] of Object.entries(stages) as [string, Stateful][]) {
    const state = states[name];
    if (state !== undefined) stage.restore?.(state);
  }
}

/**
 * Throws a UserError for an objective, or a setting of it, that does not exist, and for one that asks for what neither
 * trainer nor engine brings, unless a module's own stages may. Needs no model, so that it comes before anything slow.
 */
export function checkObjective(recipe: Recipe, factory?: StagesFactory): void {
  const objective = objectiveOf(recipe);
  if (factory !== undefined) return;
  checkValueHeadRate(recipe, objective);
  const missing = missingColumns(objective);
  if (missing.length === 0) return;
  throw new UserError(
    `${recipe.name}: objective.name must be one that the engine can run, got ${recipe.objective.name}, which needs ` +
      `${missing.join(' and ')}; choose one that does without, such as grpo, or bring it with stages of your own`,
  );
}

/** Rollouts that are a step old are weighed against the policy that learns from them, unless the recipe says how. */
const OVERLAP_SETTINGS = { samplerCorrection: 'token-truncate' };

export function objectiveOf(recipe: Recipe): Stages['objective'] {
  const { name, ...settings } = recipe.objective;
  const { overlap } = recipe.rollout;
  try {
    const objective = createObjective(name, overlap ? { ...OVERLAP_SETTINGS, ...settings } : settings);
    if (!overlap || objective.needs.includes('samplerLogProb')) return objective;
  } catch (error) {
    // Without the setting that overlap adds, what is wrong is the recipe's own.
    if (overlap && isWellFormed(name, settings)) throw needsCorrection(recipe);
    throw new UserError(`${recipe.name}: objective: ${(error as Error).message}`);
  }
  throw needsCorrection(recipe);
}

function isWellFormed(name: string, settings: Readonly<Record<string, unknown>>): boolean {
  try {
    createObjective(name, settings);
    return true;
  } catch {
    return false;
  }
}

function needsCorrection({ name, objective }: Recipe): UserError {
  return new UserError(
    `${name}: rollout.overlap needs an objective that weighs rollouts of an older policy, got ${objective.name} without ` +
      'samplerCorrection; set objective.samplerCorrection where the objective has it, or leave rollout.overlap out',
  );
}
