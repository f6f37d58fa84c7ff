import { readModelOutline } from '@touchstone/engine';
import { Connection, serverModels, TinkerEngine, type ConnectionOptions } from '@touchstone/engine/tinker';
import { UserError } from '../errors.js';
import { modelFolder } from './local-model.js';
import type { EngineChoice, LoadModel } from './model.js';
import { textCodec } from './text-codec.js';

/** Holds the server's key. It goes from here into a request's header and nowhere else. */
export const API_KEY_VARIABLE = 'TINKER_API_KEY';

/**
 * A model on a server of the Tinker API. `model` gives tokenizer, vocabulary and end tokens, from a folder or the hub;
 * its weights are the server's.
 */
export const loadTinkerModel: LoadModel = async (model, { directory, engine: choice, notice, signal }) => {
  const baseUrl = choice?.baseUrl;
  if (choice === undefined || baseUrl === undefined) throw new Error('loadTinkerModel: needs a server, got none');
  const folder = await modelFolder(model, directory, { weights: false });
  const { info, companions } = await readModelOutline(folder);
  const apiKey = process.env[API_KEY_VARIABLE];
  const server = { baseUrl, apiKey: apiKey === '' ? undefined : apiKey, notice };
  const names = await namesOf({ ...server, signal });
  const engine = await TinkerEngine.connect({
    ...server,
    baseModel: baseModelOf(model, folder, choice, names),
    model: info,
    lora: { rank: choice.rank, seed: 0 },
  });
  return { engine, codec: textCodec(companions, folder) };
};

/** The models of a server, which may have to be waited for. */
async function namesOf(server: ConnectionOptions): Promise<string[]> {
  return (await serverModels(new Connection(server))).map(({ name }) => name);
}

/** The server's name of the model: as told, or the same name or folder, or the only one that it has. */
function baseModelOf(
  model: string,
  folder: string,
  { baseModel, baseUrl = '' }: EngineChoice,
  names: readonly string[],
): string {
  if (baseModel !== undefined && (names.length === 0 || names.includes(baseModel))) return baseModel;
  const same = baseModel === undefined ? names.find((name) => name === model || name === folder) : undefined;
  const only = baseModel === undefined && names.length === 1 ? names[0] : undefined;
  const found = same ?? only ?? (names.length === 0 ? model : undefined);
  if (found !== undefined) return found;
  throw new UserError(
    `${baseUrl}: engine.baseModel must be a model of the server, got ${baseModel ?? model}; ` +
      `it has ${names.slice(0, 20).join(', ')}`,
  );
}
