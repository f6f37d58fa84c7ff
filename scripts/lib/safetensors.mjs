import { readFileSync } from 'node:fs';

/** Element types that the parity files use; deliberately not the engine's reader, which is under test. */
const ARRAYS = { F32: Float32Array, I32: Int32Array, U8: Uint8Array };

/**
 * @param {string} path
 * @returns {Map<string, Float32Array | Int32Array | Uint8Array>} every tensor of the file, flat and row-major
 */
export function readSafetensors(path) {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength));
  const tensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const Type = ARRAYS[entry.dtype];
    if (Type === undefined) throw new Error(`readSafetensors: ${path}: ${name} has dtype ${entry.dtype}`);
    const [start, end] = entry.data_offsets.map((offset) => 8 + headerLength + offset);
    // A copy, because a view into the file need not be aligned.
    tensors.set(name, new Type(new Uint8Array(bytes.subarray(start, end)).buffer));
  }
  return tensors;
}
