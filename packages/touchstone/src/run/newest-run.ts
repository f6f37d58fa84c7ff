import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { runPaths, type RunDescription } from './run-folder.js';

/**
 * The folder below `folder` that holds the latest run, of a recipe where one is named. Others that cannot be read are
 * passed over. Throws a UserError where there is none.
 */
export async function newestRun(folder: string, recipeName: string | undefined): Promise<string> {
  const names = await readdir(folder).catch(() => [] as string[]);
  let newest: { readonly run: string; readonly created: string } | undefined;
  for (const name of names) {
    const run = join(folder, name);
    const begun = await beginning(run);
    if (begun === undefined || (recipeName !== undefined && begun.recipe !== recipeName)) continue;
    if (newest === undefined || begun.created > newest.created) newest = { run, created: begun.created };
  }
  if (newest !== undefined) return newest.run;
  const wanted = recipeName === undefined ? 'a run' : `a run of ${recipeName}`;
  throw new UserError(`${folder}: --resume needs ${wanted}, got none; name its folder: --resume <folder>`);
}

/** What `run.json` says of when and what, whatever version wrote it; undefined where there is none. */
async function beginning(run: string): Promise<{ readonly recipe: string; readonly created: string } | undefined> {
  try {
    const written = JSON.parse(await readFile(runPaths(run).description, 'utf8')) as Partial<RunDescription> | null;
    const { name } = written?.recipe ?? {};
    return name === undefined || written?.created === undefined
      ? undefined
      : { recipe: name, created: written.created };
  } catch {
    return undefined;
  }
}
