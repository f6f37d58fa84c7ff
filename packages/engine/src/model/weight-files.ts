import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, shown } from '../errors.js';
import { isFile, parseJson, readIfPresent } from './files.js';
import { isOfValueHead, VALUE_HEAD } from './layout.js';
import type { ModelWeights, WeightLayout } from './layout.js';
import { readSafetensorsHeader, readTensors, writeSafetensors } from './safetensors.js';
import type { StorageDtype, StoredTensor } from './safetensors.js';

export const WEIGHTS_FILE = 'model.safetensors';
/** The value head of a model that has one, always f32: beside the weights, where transformers does not look. */
export const VALUE_HEAD_FILE = 'value_head.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** Tensors that old checkpoints carry and that follow from the configuration. */
const DERIVED = /\.rotary_emb\.inv_freq$/;

/**
 * Finds the tensors of a model folder: in `model.safetensors`, or in the shards that `model.safetensors.index.json`
 * names. Only headers are read.
 *
 * @throws EngineError `file-missing`, `weights-corrupt`, `read-failed`.
 */
export async function locateTensors(folder: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const single = join(folder, WEIGHTS_FILE);
  if (await isFile(single)) return readSafetensorsHeader(single);
  const indexFile = join(folder, INDEX_FILE);
  const index = await readIfPresent(indexFile);
  if (index === undefined) {
    throw new EngineError('file-missing', {
      at: folder,
      rule: `must hold ${WEIGHTS_FILE} or ${INDEX_FILE}`,
      fix: 'convert other weight formats to safetensors, or download the model again',
    });
  }
  const fileOf = parseIndex(index.toString('utf8'), indexFile);
  const tensors = new Map<string, StoredTensor>();
  for (const shard of new Set(fileOf.values())) {
    const path = join(folder, shard);
    if (!(await isFile(path))) {
      const fix = 'download the missing shard';
      throw new EngineError('file-missing', { at: folder, rule: `must hold ${shard}, which ${INDEX_FILE} names`, fix });
    }
    for (const [name, tensor] of await readSafetensorsHeader(path)) {
      if (fileOf.get(name) === shard) tensors.set(name, tensor);
    }
  }
  for (const [name, shard] of fileOf) {
    if (tensors.has(name)) continue;
    const fix = 'download the model again';
    throw new EngineError('weights-corrupt', {
      at: join(folder, shard),
      rule: `must hold ${name}, as ${INDEX_FILE} says`,
      fix,
    });
  }
  return tensors;
}

/**
 * Reads `model.safetensors.index.json`: tensor name to the name of the file that holds it.
 *
 * @throws EngineError `weights-corrupt`, also for files outside the folder.
 */
export function parseIndex(text: string, file: string): Map<string, string> {
  const json = parseJson(text, file, 'weights-corrupt') as { readonly weight_map?: unknown } | null;
  const map = json?.weight_map;
  const fix = 'download the model again';
  if (typeof map !== 'object' || map === null) {
    const rule = 'must map tensor names to file names';
    throw new EngineError('weights-corrupt', { at: `${file}: weight_map`, rule, got: shown(map), fix });
  }
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      if (typeof shard === 'string' && /^[^/\\]+\.safetensors$/.test(shard)) return [name, shard];
      const rule = 'must be the name of a .safetensors file in the same folder';
      throw new EngineError('weights-corrupt', { at: `${file}: weight_map: ${name}`, rule, got: shown(shard), fix });
    }),
  );
}

/**
 * Reads the weights of a model folder as f32 into one flat array.
 *
 * @throws EngineError `weights-mismatch` where the folder lacks a tensor of the layout, has one of another shape, or
 * has one that the layout lacks (the model would compute something else than its authors meant).
 */
export async function readWeights(folder: string, layout: WeightLayout): Promise<ModelWeights> {
  const tensors = new Map([...(await locateTensors(folder)), ...(await locateValueHead(folder))]);
  checkTensors(folder, tensors, layout);
  const data = new Float32Array(layout.length);
  const reads = [...layout.slices].flatMap(([name, { offset, length }]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [{ tensor, target: data.subarray(offset, offset + length) }];
  });
  await readTensors(reads);
  return { layout, data };
}

async function locateValueHead(folder: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const file = join(folder, VALUE_HEAD_FILE);
  return (await isFile(file)) ? await readSafetensorsHeader(file) : new Map();
}

function checkTensors(folder: string, tensors: ReadonlyMap<string, StoredTensor>, layout: WeightLayout): void {
  const fix = 'check that config.json and the weights belong to the same model';
  for (const [name, { shape }] of layout.slices) {
    const tensor = tensors.get(name);
    if (tensor === undefined && isOfValueHead(name)) {
      const rule = `must hold ${VALUE_HEAD_FILE}, as the model has a value head`;
      const fix = 'load a state that was saved with one, or into a model without';
      throw new EngineError('file-missing', { at: folder, rule, fix });
    }
    if (tensor === undefined) {
      const rule = `must hold the tensor ${name} ${shown(shape)} that config.json asks for`;
      throw new EngineError('weights-mismatch', { at: folder, rule, fix });
    }
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      const rule = `must have shape ${shown(shape)} as config.json asks`;
      throw new EngineError('weights-mismatch', { at: `${tensor.file}: ${name}`, rule, got: shown(tensor.shape), fix });
    }
  }
  for (const { name, file } of tensors.values()) {
    // With tied embeddings a stored head is a copy of the embedding.
    if (layout.slices.has(name) || name === 'lm_head.weight' || DERIVED.test(name)) continue;
    if (isOfValueHead(name)) {
      const rule = 'must belong to a model with a value head, and this one has none';
      throw new EngineError('weights-mismatch', { at: file, rule, fix: 'give it one with addValueHead first' });
    }
    const rule = 'must hold only tensors that config.json asks for';
    throw new EngineError('weights-mismatch', { at: file, rule, got: name, fix });
  }
}

/**
 * Writes `model.safetensors` into a folder, atomically, and a value head before it.
 *
 * @throws EngineError `write-failed`; `invalid-argument` where a weight does not fit into `dtype`.
 */
export async function writeWeights(folder: string, weights: ModelWeights, dtype: StorageDtype = 'f32'): Promise<void> {
  const tensors = [...weights.layout.slices].map(([name, { shape, offset, length }]) => ({
    name,
    shape,
    data: weights.data.subarray(offset, offset + length),
  }));
  const head = join(folder, VALUE_HEAD_FILE);
  if (weights.layout.slices.has(VALUE_HEAD.weight)) {
    await writeSafetensors(
      head,
      tensors.filter(({ name }) => isOfValueHead(name)),
    );
  } else {
    // That of a model which was here before is none of this one's.
    await rm(head, { force: true });
  }
  await writeSafetensors(
    join(folder, WEIGHTS_FILE),
    tensors.filter(({ name }) => !isOfValueHead(name)),
    dtype,
  );
}
