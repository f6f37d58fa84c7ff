import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StagesFactory } from '../run/stages.js';
import { UserError } from '../errors.js';
import { recipes } from '../recipes/index.js';
import { parseSettings, unknownName } from './nearest.js';
import type { Recipe } from './recipe.js';
import { recipeSchema } from './recipe.js';
import { applySetting } from './set.js';

/** A recipe before it is checked, and the stages that it replaces by code of its own. */
export interface RecipeSource {
  /** What error messages call it: a built-in name or a path. */
  readonly label: string;
  readonly recipe: Record<string, unknown>;
  readonly stages?: StagesFactory | undefined;
}

/**
 * A built-in recipe by name, or one from a file: `.json` holds the recipe; `.js` and `.mjs` export `recipe` and,
 * where they replace stages, `stages`. Paths are relative to `directory`.
 */
export async function loadRecipe(nameOrFile: string, directory: string): Promise<RecipeSource> {
  const builtIn = Object.hasOwn(recipes, nameOrFile) ? recipes[nameOrFile] : undefined;
  if (builtIn !== undefined) return { label: nameOrFile, recipe: builtIn.recipe, stages: builtIn.stages };
  const extension = extname(nameOrFile);
  if (extension === '.json') return { label: nameOrFile, recipe: await readJsonFile(nameOrFile, directory) };
  if (extension === '.js' || extension === '.mjs') return importRecipe(nameOrFile, directory);
  throw new UserError(
    `touchstone train: ${unknownName('recipe', nameOrFile, Object.keys(recipes))}; or give a .json, .js or .mjs file`,
  );
}

/** The recipe with these settings over it, every default filled in. Each `settings` reads `key=value`. */
export function resolveRecipe({ label, recipe }: RecipeSource, settings: readonly string[] = []): Recipe {
  if (settings.length === 0) return parseSettings(label, recipeSchema, recipe);
  // Checked alone first, so that a fault of the file is not blamed on the command line.
  parseSettings(label, recipeSchema, recipe);
  return parseSettings(`${label} with --set`, recipeSchema, settings.reduce(applySetting, recipe));
}

/** An object from a JSON file. Throws a UserError that names the file. */
export async function readJsonFile(file: string, directory: string): Promise<Record<string, unknown>> {
  const text = await readText(file, directory);
  try {
    return requireObject(file, JSON.parse(text) as unknown);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: must be JSON, got text that is not (${(error as Error).message}); mend the file`);
  }
}

async function readText(file: string, directory: string): Promise<string> {
  try {
    return await readFile(resolve(directory, file), 'utf8');
  } catch (error) {
    throw missingFile(file, error);
  }
}

async function importRecipe(file: string, directory: string): Promise<RecipeSource> {
  await readText(file, directory);
  let loaded: { readonly recipe?: unknown; readonly stages?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(directory, file)).href)) as typeof loaded;
  } catch (error) {
    throw new UserError(`${file}: must be a module that loads, got ${(error as Error).message}; mend the file`);
  }
  if (loaded.stages !== undefined && typeof loaded.stages !== 'function') {
    throw new UserError(`${file}: stages must be a function, got ${typeof loaded.stages}; export one or none`);
  }
  const recipe = requireObject(`${file}: export recipe`, loaded.recipe);
  return { label: file, recipe, stages: loaded.stages as StagesFactory | undefined };
}

function requireObject(where: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const got = value === undefined ? 'nothing' : JSON.stringify(value);
  throw new UserError(`${where}: must be an object with the keys of a recipe, got ${got.slice(0, 80)}; mend it`);
}

function missingFile(file: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException;
  return new UserError(`${file}: must be a readable recipe file, got ${code ?? String(error)}; check the path`);
}
