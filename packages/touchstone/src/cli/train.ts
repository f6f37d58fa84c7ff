import { extname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadRecipe, resolveRecipe } from '../config/load.js';
import { parseSettings } from '../config/nearest.js';
import type { Recipe } from '../config/recipe.js';
import { recipeSchema } from '../config/recipe.js';
import { UserError } from '../errors.js';
import { newestRun } from '../run/newest-run.js';
import type { RunObserver } from '../run/observer.js';
import type { RunPaths } from '../run/run-folder.js';
import { createRun, readRun, removeUnbegun, runPaths } from '../run/run-folder.js';
import type { StagesFactory } from '../run/stages.js';
import { checkRecipe } from '../run/engine-limits.js';
import { train } from '../run/train.js';
import { taskSourceOf } from '../task/registry.js';
import { packageVersion } from '../version.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { jsonView } from './json-view.js';
import { liveView } from './live-view.js';
import { plainView } from './plain-view.js';
import { refuseIdle } from './options.js';
import { planLines } from './plan.js';
import { stopOnInterrupt } from './stop.js';

interface TrainOptions {
  readonly model?: string;
  readonly engine?: string;
  readonly baseUrl?: string;
  readonly set: readonly string[];
  readonly seed?: string;
  readonly steps?: string;
  readonly run?: string;
  readonly dryRun?: boolean;
  readonly price?: string;
  readonly responseTokens?: string;
  /** True without a folder: the newest run. */
  readonly resume?: string | true;
  readonly json?: boolean;
}

const DEFAULT_RECIPE = 'quickstart';

export function registerTrain(program: Command, context: CliContext): void {
  const collect = (value: string, list: readonly string[]) => [...list, value];
  program
    .command('train')
    .description('train a model on a task whose answers can be checked')
    .argument('[recipe]', `name of a built-in recipe, or a .json, .js or .mjs file; default: ${DEFAULT_RECIPE}`)
    .option('--model <model>', 'folder or hub name; short for --set model=...')
    .option('--engine <engine>', 'local or tinker; short for --set engine.name=...')
    .option('--base-url <url>', 'of a server of the Tinker API; its key is read from TINKER_API_KEY')
    .option('--set <key=value>', 'change one setting, such as rollout.group=16; may be repeated', collect, [])
    .option('--seed <seed>', 'short for --set seed=...')
    .option('--steps <steps>', 'short for --set steps=...')
    .option('--run <folder>', 'folder of the run; default: runs/<recipe>-<time>')
    .option('--dry-run', 'print the recipe with every setting filled in, and what the run would take, and stop')
    .option('--price <prices>', 'with --dry-run: of a million tokens, as read=0.1,sample=0.3,train=0.9')
    .option('--response-tokens <tokens>', 'with --dry-run: mean length of a response; default: its budget')
    .option(
      '--resume [folder]',
      'go on with a run; without a folder: the newest in runs, of the recipe if one is named',
    )
    .option('--json', 'a line of JSON an event, the last one the result')
    .action((recipe: string | undefined, options: TrainOptions) => runTrain(recipe, options, context));
}

async function runTrain(
  named: string | undefined,
  options: TrainOptions,
  { io, loadModel }: CliContext,
): Promise<void> {
  const recipeName = named ?? DEFAULT_RECIPE;
  if (options.resume === undefined && options.dryRun === true) {
    await dryRun(recipeName, options, io);
    return;
  }
  refuseIdle({ '--price': options.price, '--response-tokens': options.responseTokens }, 'only with --dry-run');
  const run = options.resume === undefined ? await newRun(recipeName, options, io) : await oldRun(named, options, io);
  const observer = viewOf(options, io);
  const { stop, release } = stopOnInterrupt(io, (sentence) => observer.notice(sentence));
  try {
    await train({ ...run, loadModel, observer, stop });
  } catch (error) {
    // A run that never began leaves nothing behind, so that the mended command may be given again as it was.
    if (options.resume === undefined) await removeUnbegun(run.paths);
    throw error;
  } finally {
    release();
    await run.source.close?.();
  }
}

/** The recipe on stdout, for programs; the plan on stderr, for people. */
async function dryRun(recipeName: string, options: TrainOptions, io: CliIo): Promise<void> {
  const { directory } = io;
  const { recipe, stages } = await newRecipe(recipeName, options, io);
  checkRecipe(recipe, stages);
  const source = await taskSourceOf(recipe.task, { seed: recipe.seed, directory });
  try {
    const lines = await planLines(recipe, source, directory, options);
    io.stdout(`${JSON.stringify(recipe, null, options.json === true ? 0 : 2)}\n`);
    for (const line of lines) io.stderr(`${line}\n`);
  } finally {
    await source.close?.();
  }
}

interface OpenRun {
  readonly recipe: Recipe;
  readonly stages: StagesFactory | undefined;
  readonly source: Awaited<ReturnType<typeof taskSourceOf>>;
  readonly directory: string;
  readonly paths: RunPaths;
}

async function newRecipe(name: string, options: TrainOptions, io: CliIo) {
  const source = await loadRecipe(name, io.directory);
  const { model, engine, baseUrl, seed, steps } = options;
  const texts = { model, 'engine.name': engine, 'engine.baseUrl': baseUrl };
  const quoted = Object.entries(texts).map(([key, text]) => [key, text && JSON.stringify(text)] as const);
  const short = [...quoted, ...Object.entries({ seed, steps })];
  const settings = short.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return { recipe: resolveRecipe(source, [...settings, ...options.set]), stages: source.stages };
}

async function newRun(name: string, options: TrainOptions, io: CliIo): Promise<OpenRun> {
  const { directory } = io;
  const { recipe, stages } = await newRecipe(name, options, io);
  // Everything that may be wrong with the task is found before a folder is made.
  const source = await taskSourceOf(recipe.task, { seed: recipe.seed, directory });
  const created = new Date();
  const folder = resolve(directory, options.run ?? join('runs', `${recipe.name}-${timeStamp(created)}`));
  const paths = await createRun(folder, {
    recipe,
    recipeFile: stages === undefined ? null : name,
    directory,
    seeds: { run: recipe.seed, evaluation: recipe.evaluation.seed },
    versions: { touchstone: packageVersion(), node: process.version },
    created: created.toISOString(),
  });
  return { recipe, stages, source, directory, paths: shortened(paths, directory) };
}

async function oldRun(named: string | undefined, options: TrainOptions, io: CliIo): Promise<OpenRun> {
  const { model, engine, seed, steps, run, dryRun, set, resume } = options;
  const changes = { model, engine, seed, steps, run, 'dry-run': dryRun, set: set[0] };
  const [changed] = Object.entries(changes).find(([, value]) => value !== undefined) ?? [];
  if (changed !== undefined) {
    throw new UserError(
      `touchstone train: --resume must stand alone, got --${changed}; a resumed run keeps its recipe, ` +
        'start a new one to change it',
    );
  }
  const folder =
    typeof resume === 'string'
      ? resume
      : await newestRun(resolve(io.directory, 'runs'), await nameOfRecipe(named, io.directory));
  const { recipe: written, recipeFile, directory } = await readRun(resolve(io.directory, folder));
  const recipe = movedTo(options.baseUrl, written);
  const stages = recipeFile === null ? undefined : (await loadRecipe(recipeFile, directory)).stages;
  const source = await taskSourceOf(recipe.task, { seed: recipe.seed, directory });
  return { recipe, stages, source, directory, paths: shortened(runPaths(resolve(io.directory, folder)), io.directory) };
}

/** The name in runs of the recipe that a person names; a file has it inside. */
async function nameOfRecipe(named: string | undefined, directory: string): Promise<string | undefined> {
  if (named === undefined || extname(named) === '') return named;
  return resolveRecipe(await loadRecipe(named, directory)).name;
}

/** A server may have another address by now; nothing else of a run may change. */
function movedTo(baseUrl: string | undefined, recipe: Recipe): Recipe {
  if (baseUrl === undefined) return recipe;
  return parseSettings('touchstone train: --base-url', recipeSchema, {
    ...recipe,
    engine: { ...recipe.engine, baseUrl },
  });
}

/** Paths as a person in this directory would write them, where that is shorter. */
function shortened(paths: RunPaths, directory: string): RunPaths {
  if (directory !== process.cwd()) return paths;
  const near = relative(directory, paths.folder);
  return near.startsWith('..') ? paths : runPaths(near);
}

function viewOf({ json }: TrainOptions, io: CliIo): RunObserver {
  if (json === true) return jsonView(io);
  return io.columns === undefined ? plainView(io) : liveView(io);
}

/** `20261123-034500`, local time. */
function timeStamp(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
