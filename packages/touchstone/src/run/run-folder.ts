import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseSettings } from '../config/nearest.js';
import type { Recipe } from '../config/recipe.js';
import { recipeSchema } from '../config/recipe.js';
import { UserError } from '../errors.js';
import { fileSize, readIfThere, writeWhole } from './files.js';

/** Where the parts of a run lie. All of it can be read without Touchstone. */
export interface RunPaths {
  readonly folder: string;
  /** Resolved recipe, seeds and versions. */
  readonly description: string;
  /** One line a step, appended only, the same in every run of a seed. */
  readonly metrics: string;
  /** One line a step: wall-clock seconds by part, tokens a second. */
  readonly timings: string;
  readonly rollouts: string;
  readonly checkpoints: string;
  /** Batches on which the loss broke down. */
  readonly failures: string;
  /** Accuracy before and after; there once the run is done. */
  readonly result: string;
  /** Holds the number of the process that writes to the folder. */
  readonly lock: string;
}

export function runPaths(folder: string): RunPaths {
  const at = (name: string) => join(folder, name);
  return {
    folder,
    description: at('run.json'),
    metrics: at('metrics.jsonl'),
    timings: at('timings.jsonl'),
    rollouts: at('rollouts'),
    checkpoints: at('checkpoints'),
    failures: at('failures'),
    result: at('result.json'),
    lock: at('run.lock'),
  };
}

const FORMAT = 1;

export interface RunDescription {
  readonly recipe: Recipe;
  /** The module that the recipe came from, where it replaces stages: resuming loads it again. */
  readonly recipeFile: string | null;
  /** Where relative paths of the recipe start. */
  readonly directory: string;
  readonly seeds: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly created: string;
}

/** Makes the folder of a new run. Throws a UserError where something is there already. */
export async function createRun(folder: string, description: RunDescription): Promise<RunPaths> {
  const paths = runPaths(folder);
  await mkdir(dirname(folder), { recursive: true });
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UserError(
      `${folder}: a new run needs a folder that does not exist, got one that does; ` +
        `go on with it by --resume ${folder}, or choose another with --run`,
    );
  }
  await writeWhole(paths.description, `${JSON.stringify({ format: FORMAT, ...description }, null, 2)}\n`);
  return paths;
}

/** Removes a run of which nothing has been measured yet; any other stays. */
export async function removeUnbegun({ folder, metrics }: RunPaths): Promise<void> {
  if ((await fileSize(metrics)) === 0) await rm(folder, { recursive: true, force: true });
}

/** The description of a run that exists. Throws a UserError where the folder holds none. */
export async function readRun(folder: string): Promise<RunDescription> {
  const { description } = runPaths(folder);
  const text = await readIfThere(description);
  if (text === undefined) {
    throw new UserError(`${folder}: a run to resume must hold run.json, got none; check the path`);
  }
  let value: RunDescription & { readonly format: unknown };
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    throw new UserError(`${description}: must be JSON, got text that is not (${(error as Error).message}); mend it`);
  }
  if (value.format !== FORMAT) {
    const got = JSON.stringify(value.format);
    throw new UserError(`${description}: format must be ${FORMAT}, got ${got}; resume with the version that wrote it`);
  }
  return { ...value, recipe: parseSettings(description, recipeSchema, value.recipe) };
}
