import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChatTemplate, LocalEngine, readModelDescription, resolveModel, Tokenizer } from '@touchstone/engine';
import type { TextCodec } from '../environment/environment.js';
import type { LoadModel } from './model.js';

/** The repository, whose `models` folder holds the model that ships with it. */
const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

/** Loads a model into the local engine. `model`: a folder, one that ships with Touchstone, or a name on the hub. */
export const loadModel: LoadModel = async (model, { threads, directory }) => {
  const folder = await modelFolder(model, directory);
  const engine = await LocalEngine.load(folder, { threads });
  try {
    return { engine, codec: await loadCodec(folder) };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
};

/** A folder below `directory` comes before one of the repository, and that before a name on the hub. */
export async function modelFolder(model: string, directory: string): Promise<string> {
  const local = resolve(directory, model);
  if (existsSync(local)) return local;
  const shipped = resolve(REPOSITORY, model);
  return existsSync(shipped) ? shipped : resolveModel(model);
}

async function loadCodec(folder: string): Promise<TextCodec> {
  const { companions } = await readModelDescription(folder);
  const tokenizer = Tokenizer.fromFiles(companions, folder);
  let template: ChatTemplate | undefined;
  return {
    encode: (text) => tokenizer.encode(text, { addSpecialTokens: true }),
    decode: (tokens) => tokenizer.decode(tokens),
    encodeChat(messages) {
      // On first use: a model that is asked in plain text only needs no template.
      template ??= ChatTemplate.fromFiles(companions, folder);
      return tokenizer.encode(template.render(messages.map((message) => ({ ...message }))));
    },
  };
}
