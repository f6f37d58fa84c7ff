import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngineError, shown } from '../errors.js';
import { fileError, parseJson, readFully, writeAtomically, writeFully } from './files.js';
import { narrowBf16, narrowF16, widenBf16, widenF16 } from './float-formats.js';

/**
 * The safetensors format: eight bytes with the length of a JSON header, the header, and the tensors' bytes, little
 * endian, back to back without gaps (https://github.com/huggingface/safetensors#format).
 */

/** How weights are stored; they are always computed in f32. */
export type StorageDtype = 'f32' | 'bf16' | 'f16';

/** A tensor inside a file, before its values are read. */
export interface StoredTensor {
  readonly file: string;
  readonly name: string;
  /** As in the header: "F32", "BF16", "I64" ... Only floats of 16 and 32 bits can be read. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Position of the first byte in the file. */
  readonly start: number;
  readonly bytes: number;
}

const BYTES_PER_VALUE: Readonly<Record<string, number>> = {
  F64: 8, I64: 8, U64: 8, C64: 8, F32: 4, I32: 4, U32: 4,
  BF16: 2, F16: 2, I16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1, F8_E4M3: 1, F8_E5M2: 1,
}; // prettier-ignore

/** The reference implementation refuses longer headers too. */
const MAX_HEADER_BYTES = 100_000_000;

function corrupt(at: string, rule: string, got: string): EngineError {
  return new EngineError('weights-corrupt', { at, rule, got, fix: 'download or save the file again' });
}

/**
 * Reads and checks the header of a file: that the tensors fill the file exactly, without overlap, each as long as its
 * shape and dtype say.
 *
 * @throws EngineError `weights-corrupt`, `read-failed`.
 */
export async function readSafetensorsHeader(file: string): Promise<ReadonlyMap<string, StoredTensor>> {
  return withFile(file, async (handle) => {
    const { size } = await handle.stat();
    const prefix = new Uint8Array(8);
    if ((await readFully(handle, prefix, 0)) < 8) throw corrupt(file, 'must hold at least 8 bytes', `${size} bytes`);
    if (Buffer.from(prefix).toString('latin1') === 'version ') {
      const rule = 'must hold tensors';
      const fix = 'fetch the real file with "git lfs pull"';
      throw new EngineError('weights-corrupt', { at: file, rule, got: 'a Git LFS pointer', fix });
    }
    const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    if (length > MAX_HEADER_BYTES) throw corrupt(file, 'must start with the length of its header', `length ${length}`);
    if (8 + length > size) throw corrupt(file, `must hold a header of ${length} bytes`, `a file of ${size} bytes`);
    const header = new Uint8Array(length);
    await readFully(handle, header, 8);
    return parseHeader(Buffer.from(header).toString('utf8'), file, 8 + length, size);
  });
}

function parseHeader(text: string, file: string, dataStart: number, fileSize: number): Map<string, StoredTensor> {
  const json = parseJson(text, `${file}: header`, 'weights-corrupt');
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw corrupt(`${file}: header`, 'must be a JSON object', shown(json));
  }
  const tensors = Object.entries(json)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => parseEntry(name, entry, file, dataStart))
    .sort((a, b) => a.start - b.start || a.bytes - b.bytes);
  let end = dataStart;
  for (const { name, start, bytes } of tensors) {
    if (start !== end) {
      const rule = start < end ? 'must not overlap the tensor before it' : 'must follow the tensor before it';
      throw corrupt(`${file}: ${name}`, `${rule}, at byte ${end - dataStart}`, `byte ${start - dataStart}`);
    }
    end += bytes;
  }
  if (fileSize !== end) {
    const what = fileSize < end ? ' (truncated)' : ' (bytes of no tensor at the end)';
    throw corrupt(file, `must hold ${end} bytes`, `${fileSize} bytes${what}`);
  }
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

function parseEntry(name: string, entry: unknown, file: string, dataStart: number): StoredTensor {
  const at = `${file}: ${name}`;
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Record<string, unknown>>;
  if (typeof dtype !== 'string') throw corrupt(at, 'must have a dtype', shown(dtype));
  if (!isSizes(shape)) throw corrupt(at, 'must have a shape of non-negative integers', shown(shape));
  if (!isSizes(offsets) || offsets.length !== 2) throw corrupt(at, 'must have two data_offsets', shown(offsets));
  const [begin = 0, end = 0] = offsets;
  if (end < begin) throw corrupt(at, 'must have data_offsets in ascending order', shown(offsets));
  const width = BYTES_PER_VALUE[dtype];
  const expected = width === undefined ? end - begin : shape.reduce((product, size) => product * size, width);
  if (end - begin !== expected) {
    throw corrupt(at, `must take ${expected} bytes for ${dtype} ${shown(shape)}`, `${end - begin} bytes`);
  }
  return { file, name, dtype, shape, start: dataStart + begin, bytes: end - begin };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0);
}

/** A tensor to read, and the f32 memory that receives its values, row-major. */
export interface TensorRead {
  readonly tensor: StoredTensor;
  readonly target: Float32Array;
}

/**
 * Reads tensors as f32 straight into their targets, with no second copy; every file is opened once.
 *
 * @throws EngineError `weights-mismatch` for a dtype that is not f32, f16 or bf16 or a target of another length,
 * `weights-corrupt` where a file has become shorter since its header was read, `read-failed`.
 */
export async function readTensors(reads: readonly TensorRead[]): Promise<void> {
  for (const file of new Set(reads.map(({ tensor }) => tensor.file))) {
    const inFile = reads.filter(({ tensor }) => tensor.file === file).sort((a, b) => a.tensor.start - b.tensor.start);
    await withFile(file, async (handle) => {
      for (const { tensor, target } of inFile) await readTensor(handle, tensor, target);
    });
  }
}

async function readTensor(handle: FileHandle, tensor: StoredTensor, target: Float32Array): Promise<void> {
  const { dtype, name, file, bytes, start } = tensor;
  const at = `${file}: ${name}`;
  const width = dtype === 'F32' ? 4 : 2;
  if (dtype !== 'F32' && dtype !== 'BF16' && dtype !== 'F16') {
    const fix = 'convert the model to bf16 first';
    throw new EngineError('weights-mismatch', { at, rule: 'dtype must be F32, BF16 or F16', got: dtype, fix });
  }
  if (bytes !== target.length * width) {
    const [rule, got] = [`must hold ${target.length} values`, `${bytes / width}`];
    throw new EngineError('weights-mismatch', {
      at,
      rule,
      got,
      fix: 'check that config.json belongs to these weights',
    });
  }
  // Halves go to the upper half of the target, from where widening in ascending order never overwrites what it has yet to read.
  const raw = new Uint8Array(target.buffer, target.byteOffset + (4 - width) * target.length, bytes);
  const got = await readFully(handle, raw, start);
  if (got < bytes) throw corrupt(at, `must take ${bytes} bytes`, `${got} before the end of the file`);
  if (dtype === 'F32') return;
  const halves = new Uint16Array(raw.buffer, raw.byteOffset, target.length);
  (dtype === 'BF16' ? widenBf16 : widenF16)(halves, target);
}

async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(file, 'r');
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}

/** A tensor to write: `data` has as many values as `shape` says. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const DTYPE_NAMES: { readonly [D in StorageDtype]: string } = { f32: 'F32', bf16: 'BF16', f16: 'F16' };

/**
 * Writes one safetensors file, atomically. Narrower storage rounds to nearest, ties to even.
 *
 * @param metadata Free text beside the tensors; `format: "pt"` is what transformers looks for.
 * @throws EngineError `write-failed`; `invalid-argument` where a finite weight would become infinite.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  dtype: StorageDtype = 'f32',
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const header = encodeHeader(tensors, dtype, metadata);
  await writeAtomically(file, async (handle) => {
    await writeFully(handle, header);
    for (const tensor of tensors) await writeValues(handle, tensor, dtype, file);
  });
}

function encodeHeader(
  tensors: readonly TensorToWrite[],
  dtype: StorageDtype,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (shape.reduce((product, size) => product * size, 1) !== data.length) {
      const got = `${data.length} values`;
      const fix = 'pass data of the length of its shape';
      throw new EngineError('invalid-argument', {
        at: `writeSafetensors: ${name}`,
        rule: `must fill ${shown(shape)}`,
        got,
        fix,
      });
    }
    const end = offset + data.length * (dtype === 'f32' ? 4 : 2);
    entries.push([name, { dtype: DTYPE_NAMES[dtype], shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)), 'utf8');
  // Spaces after the JSON align the tensors to eight bytes, as the reference implementation does.
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  json.copy(header, 8);
  return header;
}

/** Values narrowed at a time: bounds the extra memory of a save to 2 MiB. */
const NARROW_CHUNK = 2 ** 20;

async function writeValues(
  handle: FileHandle,
  tensor: TensorToWrite,
  dtype: StorageDtype,
  file: string,
): Promise<void> {
  const { data, name } = tensor;
  if (dtype === 'f32') {
    await writeFully(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return;
  }
  const narrow = dtype === 'bf16' ? narrowBf16 : narrowF16;
  const halves = new Uint16Array(Math.min(NARROW_CHUNK, data.length));
  for (let begin = 0; begin < data.length; begin += NARROW_CHUNK) {
    const part = data.subarray(begin, begin + NARROW_CHUNK);
    const overflow = narrow(part, halves);
    if (overflow >= 0) {
      const [rule, got] = [`must fit into ${dtype}`, String(part[overflow])];
      const fix = dtype === 'f16' ? 'save as bf16 or f32' : 'save as f32';
      throw new EngineError('invalid-argument', { at: `${basename(file)}: ${name}`, rule, got, fix });
    }
    await writeFully(handle, new Uint8Array(halves.buffer, 0, part.length * 2));
  }
}
