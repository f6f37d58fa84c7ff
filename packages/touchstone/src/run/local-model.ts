import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError, LocalEngine, readModelDescription, resolveModel } from '@touchstone/engine';
import type { HubOptions } from '@touchstone/engine';
import type { LoadModel } from './model.js';
import { textCodec } from './text-codec.js';

/** The repository, whose `models` folder holds the model that ships with it. */
const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

/** Loads a model into the local engine. `model`: a folder, one that ships with Touchstone, or a name on the hub. */
export const loadModel: LoadModel = async (model, { threads, directory }) => {
  const folder = await modelFolder(model, directory);
  const engine = await LocalEngine.load(folder, { threads });
  try {
    const { companions } = await readModelDescription(folder);
    return { engine, codec: textCodec(companions, folder) };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
};

/**
 * A folder below `directory` comes before one of the repository, and that before a name on the hub.
 *
 * @throws EngineError as `resolveModel`; `folder-missing` for what would lie in a folder of the repository, `models`
 * say: it reads like a name on the hub and is none.
 */
export async function modelFolder(model: string, directory: string, options: HubOptions = {}): Promise<string> {
  const here = folderHere(model, directory);
  if (here !== undefined) return here;
  const shipped = resolve(REPOSITORY, model);
  if (!existsSync(dirname(shipped))) return await resolveModel(model, options);
  const at = resolve(directory, model);
  const got = `no such folder, nor ${shipped}`;
  const fix = 'check the path and where you run this, or name a model of the hub as owner/name';
  throw new EngineError('folder-missing', { at, rule: 'must be a model folder', got, fix });
}

/** The folder of a model that is below `directory` or ships with Touchstone; nothing is downloaded. */
export function folderHere(model: string, directory: string): string | undefined {
  return [resolve(directory, model), resolve(REPOSITORY, model)].find((folder) => existsSync(folder));
}
