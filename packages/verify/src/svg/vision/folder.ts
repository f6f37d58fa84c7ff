/**
 * Reads a folder of a vision model in the layout of Hugging Face that `optimum-cli export onnx` writes and transformers.js
 * reads: what there is to load, and by which rules pictures and texts become its inputs.
 */
import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VisionModelError } from './error.js';
import { drawnSide, readPixelRules, type PixelRules } from './pixels.js';

/** How a family makes its vectors. */
export interface VisionFamily {
  /** Outputs that hold the vector, the first that the graph has. */
  readonly imageOutputs: readonly string[];
  /** The same of texts; null for a family that sees pictures only. */
  readonly textOutputs: readonly string[] | null;
  /** Tokens of a text, where `config.json` says nothing. */
  readonly textLength: number;
  /** Whether padding is hidden from the model, where it asks for a mask. */
  readonly masked: boolean;
}

const pictures: VisionFamily = {
  // The class token, which DINO's features are. ViT's `pooler_output` has gone through a layer that DINO never trained.
  imageOutputs: ['last_hidden_state', 'pooler_output'],
  textOutputs: null,
  textLength: 0,
  masked: false,
};

/** Families by the `model_type` of their `config.json`. */
const families: Readonly<Record<string, VisionFamily>> = {
  clip: { imageOutputs: ['image_embeds'], textOutputs: ['text_embeds'], textLength: 77, masked: true },
  siglip: {
    imageOutputs: ['image_embeds', 'pooler_output'],
    textOutputs: ['text_embeds', 'pooler_output'],
    textLength: 64,
    // It was trained to see its padding.
    masked: false,
  },
  dinov2: pictures,
  dinov2_with_registers: pictures,
  vit: pictures,
};

/** What a process needs in order to embed: plain data. Paths are absolute. */
export interface VisionSetup {
  readonly modelType: string;
  readonly family: VisionFamily;
  readonly pixels: PixelRules;
  /** Pixels of each side of the square in which pictures are drawn for this model. */
  readonly size: number;
  readonly visionFile: string;
  /** The same as `visionFile` where one graph holds both towers. */
  readonly text: {
    readonly file: string;
    readonly tokenizer: string;
    readonly tokenizerConfig: string;
    /** Tokens of every text, padded or cut. */
    readonly length: number;
  } | null;
  /** Threads of a run. */
  readonly threads: number;
}

const MAKE = 'export the model with `optimum-cli export onnx`, or take a folder made for transformers.js';

/** Throws a `VisionModelError` for a folder that lacks something or is of another family. */
export async function readVisionFolder(folder: string, threads: number): Promise<VisionSetup> {
  if (!existsSync(folder)) throw new VisionModelError(`openVisionModel: ${folder} must be a folder, got none; ${MAKE}`);
  const config = await readObject(folder, 'config.json');
  const modelType = config['model_type'];
  const family = typeof modelType === 'string' && Object.hasOwn(families, modelType) ? families[modelType] : undefined;
  if (family === undefined) {
    const known = Object.keys(families).join(', ');
    throw new VisionModelError(
      `openVisionModel: model_type of ${join(folder, 'config.json')} must be one of ${known}, got ${JSON.stringify(modelType) ?? 'none'}; choose a model of these families`,
    );
  }
  const pixels = await readPreprocessing(folder);
  const side = numberOf(config, 'vision_config', 'image_size', folder) ?? numberOf(config, null, 'image_size', folder);
  const common = { modelType: modelType as string, family, pixels, size: drawnSide(pixels, side ?? 224), threads };
  if (family.textOutputs === null) return { ...common, visionFile: needed(folder, graphs('model.onnx')), text: null };
  const vision = present(folder, graphs('vision_model.onnx'));
  const visionFile = vision ?? needed(folder, graphs('model.onnx'), ', or vision_model.onnx and text_model.onnx');
  const text = {
    file: vision === null ? visionFile : needed(folder, graphs('text_model.onnx'), ' beside vision_model.onnx'),
    // In the cache of the hub a file is a link, and a process may read what its flags name, not what links to it. Graphs
    // stay as they are named: their weights may lie in files beside the link.
    tokenizer: realpathSync(needed(folder, ['tokenizer.json'])),
    tokenizerConfig: realpathSync(needed(folder, ['tokenizer_config.json'])),
    length: numberOf(config, 'text_config', 'max_position_embeddings', folder) ?? family.textLength,
  };
  for (const file of [text.tokenizer, text.tokenizerConfig]) {
    // The flags of Node 20 by which a process may read a file take a comma for the end of its name.
    if (file.includes(',')) {
      throw new VisionModelError(
        `openVisionModel: the folder's path must have no comma, got ${file}; rename the folder`,
      );
    }
  }
  return { ...common, visionFile, text };
}

/** From `preprocessor_config.json`, or from what transformers writes instead of it since its version 5. */
async function readPreprocessing(folder: string): Promise<PixelRules> {
  const [own, joint] = ['preprocessor_config.json', 'processor_config.json'];
  if (existsSync(join(folder, own)) || !existsSync(join(folder, joint)))
    return readPixelRules(await readObject(folder, own), join(folder, own));
  const part = (await readObject(folder, joint))['image_processor'];
  if (typeof part === 'object' && part !== null) return readPixelRules(part as Json, join(folder, joint));
  throw new VisionModelError(
    `openVisionModel: ${join(folder, joint)} must hold image_processor, got ${JSON.stringify(part) ?? 'none'}; add ${own}`,
  );
}

/** A file of the ONNX subfolder or, where that lacks it, of the folder itself. */
function graphs(name: string): string[] {
  return [join('onnx', name), name];
}

function present(folder: string, names: readonly string[]): string | null {
  const name = names.find((each) => existsSync(join(folder, each)));
  return name === undefined ? null : resolve(folder, name);
}

function needed(folder: string, names: readonly string[], more = ''): string {
  const found = present(folder, names);
  if (found !== null) return found;
  throw new VisionModelError(`openVisionModel: ${folder} must hold ${names.join(' or ')}${more}, got none; ${MAKE}`);
}

type Json = Readonly<Record<string, unknown>>;

async function readObject(folder: string, name: string): Promise<Json> {
  const file = needed(folder, [name]);
  const wrong = (got: string): VisionModelError =>
    new VisionModelError(`openVisionModel: ${join(folder, name)} must be a JSON object, got ${got}; take it anew`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw wrong(Array.isArray(value) ? 'an array' : String(value));
}

/** A count in `config.json`, or in a part of it; undefined where it says nothing. */
function numberOf(config: Json, part: string | null, key: string, folder: string): number | undefined {
  const value = ((part === null ? config : (config[part] ?? {})) as Json)[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new VisionModelError(
    `openVisionModel: ${key} of ${join(folder, 'config.json')} must be a whole number from 1, got ${JSON.stringify(value)}; take the file of the published model`,
  );
}
