import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { parseModelConfig, toHuggingFaceConfig } from './config.js';
import type { ModelConfig } from './config.js';
import { fileError, isFile, parseJson, readIfPresent, writeAtomically, writeFully } from './files.js';
import { weightLayout } from './layout.js';
import type { ModelWeights } from './layout.js';
import type { StorageDtype } from './safetensors.js';
import { largestTokenId } from './token-ids.js';
import { readWeights, VALUE_HEAD_FILE, writeWeights } from './weight-files.js';

/** Files that say how text becomes tokens and when to stop; they travel with a model unchanged. */
export const COMPANION_FILES = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
] as const;

/** A model in the layout of Hugging Face, in memory. */
export interface ModelFolder {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  /** Bytes of those of `COMPANION_FILES` that are there, by name. */
  readonly companions: ReadonlyMap<string, Uint8Array>;
}

/** What a folder says about its model, without the weights. */
export type ModelDescription = Omit<ModelFolder, 'weights'>;

/**
 * Reads `config.json` and the tokenizer's files.
 *
 * @throws EngineError `folder-missing`, `file-missing`, `config-invalid`, `config-unsupported`, `tokenizer-invalid`;
 * `tokenizer-mismatch` where the tokenizer has a token that the model's vocabulary lacks.
 */
export async function readModelDescription(folder: string): Promise<ModelDescription> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory() !== true) {
    const got = info === undefined ? 'no such folder' : 'a file';
    const fix = 'check the path, or name a model of the hub as owner/name';
    throw new EngineError('folder-missing', { at: folder, rule: 'must be a model folder', got, fix });
  }
  const configFile = join(folder, 'config.json');
  const configBytes = await readIfPresent(configFile);
  if (configBytes === undefined) {
    const fix = 'name a folder in the layout of Hugging Face (config.json, *.safetensors, tokenizer.json)';
    throw new EngineError('file-missing', { at: folder, rule: 'must hold config.json', fix });
  }
  const companions = await readCompanions(folder);
  const generation = companions.get('generation_config.json');
  const generationFile = join(folder, 'generation_config.json');
  const config = parseModelConfig(
    parseJson(configBytes.toString('utf8'), configFile, 'config-invalid'),
    configFile,
    generation && parseJson(Buffer.from(generation).toString('utf8'), generationFile, 'config-invalid'),
  );
  const tokenizer = companions.get('tokenizer.json');
  if (tokenizer !== undefined) checkVocabulary(tokenizer, join(folder, 'tokenizer.json'), config);
  return { config: { ...config, valueHead: await isFile(join(folder, VALUE_HEAD_FILE)) }, companions };
}

/** Bytes of those of `COMPANION_FILES` that the folder has, by name. */
export async function readCompanions(folder: string): Promise<Map<string, Uint8Array>> {
  const companions = new Map<string, Uint8Array>();
  for (const name of COMPANION_FILES) {
    const bytes = await readIfPresent(join(folder, name));
    if (bytes !== undefined) companions.set(name, bytes);
  }
  return companions;
}

function checkVocabulary(tokenizer: Uint8Array, file: string, config: ModelConfig): void {
  const { id, token } = largestTokenId(
    parseJson(Buffer.from(tokenizer).toString('utf8'), file, 'tokenizer-invalid'),
    file,
  );
  if (id < config.vocabSize) return;
  throw new EngineError('tokenizer-mismatch', {
    at: file,
    rule: `token ids must be below the vocab_size ${config.vocabSize} of config.json`,
    got: `${id} for ${JSON.stringify(token)}`,
    fix: 'put the tokenizer that belongs to this model into the folder',
  });
}

/**
 * Loads a model folder; weights become f32.
 *
 * @throws EngineError as `readModelDescription` and `readWeights`.
 */
export async function loadModelFolder(folder: string): Promise<ModelFolder> {
  const description = await readModelDescription(folder);
  return { ...description, weights: await readWeights(folder, weightLayout(description.config)) };
}

/**
 * Writes a folder that transformers 4 and 5 and `loadModelFolder` load. Each file is replaced atomically, `config.json`
 * last, so that a folder without one was never finished.
 *
 * @throws EngineError `write-failed`; `invalid-argument` where a weight does not fit into `dtype`.
 */
export async function saveModelFolder(folder: string, model: ModelFolder, dtype: StorageDtype = 'f32'): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, folder, 'write');
  }
  for (const [name, bytes] of model.companions) {
    await writeAtomically(join(folder, name), (handle) => writeFully(handle, bytes));
  }
  await writeWeights(folder, model.weights, dtype);
  const config = Buffer.from(`${JSON.stringify(toHuggingFaceConfig(model.config, dtype), null, 2)}\n`, 'utf8');
  await writeAtomically(join(folder, 'config.json'), (handle) => writeFully(handle, config));
}
