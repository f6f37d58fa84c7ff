import { join } from 'node:path';
import type { ModelInfo } from '../engine.js';
import { EngineError } from '../errors.js';
import { parseJson, readIfPresent } from './files.js';
import { readCompanions, readModelDescription } from './folder.js';
import { weightLayout } from './layout.js';

/** What is to be known of a model that something else computes. */
export interface ModelOutline {
  readonly info: ModelInfo;
  readonly companions: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a folder without its weights, of any architecture: those that this engine does not compute, such as mixtures of
 * experts, have NaN parameters.
 *
 * @throws EngineError as `readModelDescription`, `config-unsupported` left out.
 */
export async function readModelOutline(folder: string): Promise<ModelOutline> {
  try {
    const { config, companions } = await readModelDescription(folder);
    const { family, vocabSize, contextLength, eosTokenIds } = config;
    const parameters = weightLayout(config).length;
    return { info: { family, parameters, vocabSize, contextLength, eosTokenIds }, companions };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'config-unsupported') throw error;
    return { info: await foreignInfo(folder), companions: await readCompanions(folder) };
  }
}

async function foreignInfo(folder: string): Promise<ModelInfo> {
  const file = join(folder, 'config.json');
  const config = await readObject(file);
  // Models that also see images keep what concerns text apart.
  const text = isJsonObject(config.text_config) ? config.text_config : config;
  const generation = await readObject(join(folder, 'generation_config.json'));
  const ends = [text.eos_token_id, generation.eos_token_id].flat().filter((id) => typeof id === 'number');
  return {
    family: typeof config.model_type === 'string' ? config.model_type : 'unknown',
    parameters: Number.NaN,
    vocabSize: positive(text.vocab_size, file, 'vocab_size'),
    contextLength: positive(text.max_position_embeddings, file, 'max_position_embeddings'),
    eosTokenIds: [...new Set(ends)],
  };
}

async function readObject(file: string): Promise<Record<string, unknown>> {
  const bytes = await readIfPresent(file);
  const value = bytes === undefined ? {} : parseJson(bytes.toString('utf8'), file, 'config-invalid');
  return isJsonObject(value) ? value : {};
}

function positive(value: unknown, at: string, key: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  const fix = 'choose a model in the layout of transformers';
  throw new EngineError('config-invalid', { at, rule: `${key} must be a positive integer`, got: String(value), fix });
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
