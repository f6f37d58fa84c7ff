import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
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
  // The standard of these variables takes an empty one for one that is not set.
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'touchstone', `python-${version}-${key}.image`);
}

/** What `imagePath` gives, of whatever version, and what a process that was killed left of one. */
const IMAGE_NAME = /^python-[\w.+-]+-[\da-f]{16}\.image(?:\.\d+)?$/;

/** An image that no process has opened for so long is of a version that is gone: 30 days. */
const STALE_MS = 30 * 24 * 3600 * 1000;

/**
 * Removes the images of other versions beside this one that have not been used for 30 days by `now` (milliseconds since
 * 1970). One that is removed all the same while it is in use is made anew. Leaves other files, and folders of others.
 */
export function removeStaleImages(path: string, now: number): void {
  if (!IMAGE_NAME.test(basename(path))) return;
  for (const name of readdirSync(dirname(path))) {
    if (!IMAGE_NAME.test(name) || name === basename(path)) continue;
    const other = join(dirname(path), name);
    // Another process may be removing it, too.
    const file = statSync(other, { throwIfNoEntry: false });
    if (file !== undefined && now - Math.max(file.atimeMs, file.mtimeMs) > STALE_MS) rmSync(other, { force: true });
  }
}

/**
 * Whether there is an image of the length that it says; marks it as used, since not every file system notes when a file is
 * read. One cut short, as after a loss of power, would otherwise be refused by every process and made by none.
 */
export function useImage(path: string): boolean {
  try {
    const head = Buffer.alloc(HEADER_BYTES);
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, HEADER_BYTES, 0);
    } finally {
      closeSync(file);
    }
    if (statSync(path).size !== HEADER_BYTES + head.readUInt32LE(8)) return false;
  } catch {
    return false;
  }
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // A folder that is shared and cannot be written: nothing is removed from it either.
  }
  return true;
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
