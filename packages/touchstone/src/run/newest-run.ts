import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { readRun } from './run-folder.js';

/** The folder below `folder` that holds the latest run of a recipe. Throws a UserError where there is none. */
export async function newestRun(folder: string, recipeName: string): Promise<string> {
  const names = await readdir(folder).catch(() => [] as string[]);
  let newest: { readonly run: string; readonly created: string } | undefined;
  for (const name of names) {
    const run = join(folder, name);
    if (
      !(await stat(join(run, 'run.json')).then(
        (file) => file.isFile(),
        () => false,
      ))
    )
      continue;
    const { recipe, created } = await readRun(run);
    if (recipe.name === recipeName && (newest === undefined || created > newest.created)) newest = { run, created };
  }
  if (newest !== undefined) return newest.run;
  throw new UserError(`${folder}: --resume needs a run of ${recipeName}, got none; name its folder: --resume <folder>`);
}
