import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../sandbox/permissions.js';
import { EVENT_LOOP_SETUP } from './event-loop.js';
import { HARNESS } from './harness.js';
import type { MemoryImage } from './runtime.js';

/** Modules of the standard library that programs mostly use; an image holds them imported. */
export const PRELOADED = [
  ...['abc', 'ast', 'asyncio', 'bisect', 'cmath', 'collections', 'contextlib', 'copy', 'dataclasses', 'datetime'],
  ...['decimal', 'enum', 'fractions', 'functools', 'hashlib', 'heapq', 'inspect', 'io', 'itertools', 'json', 'math'],
  ...['operator', 'random', 're', 'statistics', 'string', 'textwrap', 'time', 'traceback', 'typing'],
] as const;

const HEADER_BYTES = 80;

/** Where the image of this build of Python and of the harness is kept: a folder of the user's own. */
export function imagePath(): string {
  const { version } = JSON.parse(
    readFileSync(fileURLToPath(new URL('package.json', packageFolder('pyodide'))), 'utf8'),
  ) as { version: string };
  const key = createHash('sha256')
    .update(JSON.stringify([version, HARNESS, EVENT_LOOP_SETUP, PRELOADED]))
    .digest('hex')
    .slice(0, 16);
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'touchstone', `python-${version}-${key}.image`);
}

/** Writes an image in one step: a reader sees all of it or nothing. */
export function writeImage(path: string, { memory, serve, stack }: MemoryImage): void {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(serve, 0);
  header.writeUInt32LE(stack, 4);
  header.writeUInt32LE(memory.length, 8);
  header.write(digest(memory), 16, 'latin1');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, Buffer.concat([header, memory]), { mode: 0o600 });
  renameSync(unfinished, path);
}

/** The image in a file, or null when there is none or it is damaged. */
export function readImage(path: string): MemoryImage | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return null;
  }
  if (bytes.length <= HEADER_BYTES) return null;
  const memory = bytes.subarray(HEADER_BYTES);
  const intact =
    bytes.readUInt32LE(8) === memory.length && bytes.toString('latin1', 16, HEADER_BYTES) === digest(memory);
  return intact ? { memory, serve: bytes.readUInt32LE(0), stack: bytes.readUInt32LE(4) } : null;
}

/** 64 characters. */
function digest(memory: Uint8Array): string {
  return createHash('sha256').update(memory).digest('hex');
}
