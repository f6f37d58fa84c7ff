import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAtomically } from './files.js';
import { readSafetensorsHeader, readTensors, writeSafetensors } from './safetensors.js';
import type { TensorToWrite } from './safetensors.js';

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-safetensors-'));
  file = join(folder, 'x.safetensors');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readAll(path: string): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const header = await readSafetensorsHeader(path);
  const reads = [...header.values()].map((tensor) => ({
    tensor,
    target: new Float32Array(tensor.shape.reduce((a, b) => a * b, 1)),
  }));
  await readTensors(reads);
  return new Map(reads.map(({ tensor, target }) => [tensor.name, { shape: tensor.shape, data: target }]));
}

/** A file from a header given as text or as entries, and so many bytes of data. */
async function craft(header: unknown, dataBytes: number): Promise<string> {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(file, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
  return file;
}

describe('a written file', () => {
  const tensors: TensorToWrite[] = [
    { name: 'odd', shape: [3], data: Float32Array.of(1, -2.5, 2 ** -30) },
    { name: 'matrix', shape: [2, 2], data: Float32Array.of(0, -0, Infinity, 65504) },
    { name: 'empty', shape: [0, 4], data: new Float32Array() },
    { name: 'scalar', shape: [], data: Float32Array.of(7) },
  ];

  it('is read back bit for bit in f32', async () => {
    const data = Float32Array.from({ length: 257 }, (_, i) => Math.fround(Math.sin(i) * 10 ** ((i % 60) - 30)));
    await writeSafetensors(file, [...tensors, { name: 'long', shape: [257], data }]);
    const read = await readAll(file);
    expect(read.get('long')?.data).toEqual(data);
    for (const { name, shape, data } of tensors) expect(read.get(name)).toEqual({ shape, data });
  });

  it('is read back rounded in bf16 and f16', async () => {
    await writeSafetensors(file, tensors, 'bf16');
    expect([...((await readAll(file)).get('odd')?.data ?? [])]).toEqual([1, -2.5, 2 ** -30]);
    expect([...((await readAll(file)).get('matrix')?.data ?? [])]).toEqual([0, -0, Infinity, 65536]);
    await writeSafetensors(file, tensors, 'f16');
    expect([...((await readAll(file)).get('odd')?.data ?? [])]).toEqual([1, -2.5, 0]);
    expect([...((await readAll(file)).get('matrix')?.data ?? [])]).toEqual([0, -0, Infinity, 65504]);
  });

  it('aligns its data and says what transformers looks for', async () => {
    await writeSafetensors(file, tensors);
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toMatchObject({ __metadata__: { format: 'pt' } });
  });

  it('refuses weights that the storage cannot hold, and leaves the old file', async () => {
    await writeSafetensors(file, tensors);
    const before = await readFile(file);
    const big = [{ name: 'big', shape: [2], data: Float32Array.of(1, 1e6) }];
    await expect(writeSafetensors(file, big, 'f16')).rejects.toThrow(
      'x.safetensors: big: must fit into f16, got 1000000; save as bf16 or f32',
    );
    expect(await readFile(file)).toEqual(before);
    expect(await readdir(folder)).toEqual(['x.safetensors']);
  });

  it('refuses data that does not fill its shape', async () => {
    const wrong = [{ name: 'w', shape: [2, 2], data: new Float32Array(3) }];
    await expect(writeSafetensors(file, wrong)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('cut at any length is one clear error', async () => {
    const path = join(folder, 'cut.safetensors');
    await writeSafetensors(path, tensors);
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        await writeFile(path, whole.subarray(0, length));
        await expect(readSafetensorsHeader(path)).rejects.toMatchObject({ code: 'weights-corrupt' });
      }),
      { numRuns: 60, seed: 3 },
    );
    await writeFile(path, whole.subarray(0, whole.length - 4));
    await expect(readSafetensorsHeader(path)).rejects.toThrow(
      `cut.safetensors: must hold ${whole.length} bytes, got ${whole.length - 4} bytes (truncated); download or save the file again`,
    );
  });

  it('cut after its header was read is one clear error too', async () => {
    await writeSafetensors(file, tensors);
    const matrix = (await readSafetensorsHeader(file)).get('matrix');
    if (matrix === undefined) throw new Error('matrix is missing');
    await truncate(file, matrix.start + 5);
    await expect(readTensors([{ tensor: matrix, target: new Float32Array(4) }])).rejects.toThrow(
      'x.safetensors: matrix: must take 16 bytes, got 5 before the end of the file',
    );
  });
});

describe('a malformed header', () => {
  const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
  it.each([
    ['overlap', { a: entry('F32', [2], [0, 8]), b: entry('F32', [2], [4, 12]) }, 12, 'b: must not overlap'],
    ['gap', { a: entry('F32', [1], [0, 4]), b: entry('F32', [1], [8, 12]) }, 12, 'b: must follow the tensor before it'],
    ['gap at the start', { a: entry('F32', [1], [4, 8]) }, 8, 'a: must follow'],
    ['out of range', { a: entry('F32', [4], [0, 16]) }, 8, '(truncated)'],
    ['left over', { a: entry('F32', [1], [0, 4]) }, 8, 'bytes of no tensor at the end'],
    ['descending', { a: entry('F32', [1], [4, 0]) }, 4, 'in ascending order'],
    ['negative', { a: entry('F32', [1], [-4, 0]) }, 4, 'must have two data_offsets, got [-4,0]'],
    ['length', { a: entry('F32', [3], [0, 8]) }, 8, 'a: must take 12 bytes for F32 [3], got 8 bytes'],
    ['shape', { a: entry('F32', [1.5], [0, 4]) }, 4, 'shape of non-negative integers, got [1.5]'],
    ['dtype', { a: entry(32, [1], [0, 4]) }, 4, 'a: must have a dtype, got 32'],
    ['null entry', { a: null }, 0, 'a: must have a dtype, got nothing'],
    ['list', [1, 2], 0, 'header: must be a JSON object, got [1,2]'],
    ['not JSON', '{"a": ', 0, 'header: must be valid JSON'],
  ])('%s', async (_, header, bytes, words) => {
    const error: unknown = await readSafetensorsHeader(await craft(header, bytes)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'weights-corrupt' });
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('\n');
  });

  it('with an absurd length is not read', async () => {
    await writeFile(file, Buffer.alloc(100, 0xff));
    await expect(readSafetensorsHeader(file)).rejects.toThrow(
      /must start with the length of its header, got length 18446744073709552000/,
    );
  });

  it('of random bytes never escapes the error family', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.nat(64), async (json, bytes) => {
        const outcome: unknown = await readSafetensorsHeader(await craft(json, bytes)).catch((e: unknown) => e);
        const fine = outcome instanceof Map || (outcome instanceof Error && outcome.name === 'EngineError');
        expect(fine).toBe(true);
      }),
      { numRuns: 100, seed: 4 },
    );
  });
});

describe('readTensors', () => {
  it('refuses dtypes that are not floats of 16 or 32 bits', async () => {
    await craft({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8);
    const tensor = (await readSafetensorsHeader(file)).get('a');
    if (tensor === undefined) throw new Error('a is missing');
    await expect(readTensors([{ tensor, target: new Float32Array(1) }])).rejects.toThrow(
      'x.safetensors: a: dtype must be F32, BF16 or F16, got I64; convert the model to bf16 first',
    );
  });

  it('names a Git LFS pointer', async () => {
    await writeFile(file, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
    await expect(readSafetensorsHeader(file)).rejects.toThrow(/got a Git LFS pointer; fetch the real file/);
  });

  it('names a missing file', async () => {
    await expect(readSafetensorsHeader(join(folder, 'none'))).rejects.toMatchObject({ code: 'read-failed' });
  });
});

describe('writeAtomically', () => {
  it.skipIf(!existsSync('/dev/full'))('turns a full disk into one line and leaves the old content', async () => {
    await writeFile(file, 'old');
    const full = writeAtomically(file, async (handle) => {
      await handle.write('half of the new');
      await writeFile('/dev/full', 'the rest');
    });
    await expect(full).rejects.toThrow(
      `${file}: must be writable, got ENOSPC (no space left on the disk); free some disk space`,
    );
    expect(await readFile(file, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('names a folder that does not exist', async () => {
    await expect(writeAtomically(join(folder, 'no', 'x'), () => Promise.resolve())).rejects.toMatchObject({
      code: 'write-failed',
    });
  });
});
