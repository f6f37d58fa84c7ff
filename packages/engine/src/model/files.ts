import { constants } from 'node:fs';
import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { EngineError, systemCode } from '../errors.js';

/** What the operating system's commonest refusals mean, and what to do about them. */
const REFUSALS: Readonly<Record<string, readonly [meaning: string, fix: string]>> = {
  ENOSPC: ['no space left on the disk', 'free some disk space or choose another disk'],
  EDQUOT: ['disk quota exceeded', 'free some disk space or choose another disk'],
  EROFS: ['read-only file system', 'choose another folder'],
  EACCES: ['permission denied', 'change its permissions or choose another path'],
  EPERM: ['operation not permitted', 'change its permissions or choose another path'],
  EISDIR: ['a folder', 'name a file'],
  ENOTDIR: ['a path through a file', 'check the path'],
  ENOENT: ['no such file or folder', 'check the path'],
  EMFILE: ['too many open files', 'raise the limit of open files (ulimit -n)'],
};

/** An error of the file system as an `EngineError`; errors of ours pass unchanged. */
export function fileError(error: unknown, file: string, verb: 'read' | 'write'): EngineError {
  if (error instanceof EngineError) return error;
  const code = systemCode(error);
  const [meaning, fix] = REFUSALS[code] ?? [error instanceof Error ? error.message : String(error), 'check the disk'];
  const rule = verb === 'read' ? 'must be a readable file' : 'must be writable';
  const got = code === '' ? meaning : `${code} (${meaning})`;
  return new EngineError(`${verb}-failed`, { at: file, rule, got, fix, cause: error });
}

/**
 * Writes a file so that a reader, or a crash at any moment, sees either the old content or the new, never a part.
 *
 * @param fill Writes the content; the handle is closed and synchronised to disk afterwards.
 * @throws EngineError `write-failed`; the old content is then untouched.
 */
export async function writeAtomically(file: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o666);
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw fileError(error, file, 'write');
  }
}

/** Writes all of `bytes` at the handle's position: one call of the system may take only a part. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written, Math.min(bytes.length - written, MAX_TRANSFER))).bytesWritten;
  }
}

/** Fills `bytes` from `position`; returns how many there were before the end of the file. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const wanted = Math.min(bytes.length - done, MAX_TRANSFER);
    const { bytesRead } = await handle.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** One call of the system moves less than 2 GiB. */
const MAX_TRANSFER = 2 ** 30;

/** A file's bytes, or `undefined` where there is no such file. */
export async function readIfPresent(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(error, file, 'read');
  }
}

/** Whether `path` is a file. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/**
 * A JSON text as a value.
 *
 * @throws EngineError with `code` that names the file.
 */
export function parseJson(
  text: string,
  file: string,
  code: 'config-invalid' | 'weights-corrupt' | 'tokenizer-invalid',
): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new EngineError(code, { at: file, rule: 'must be valid JSON', got, fix: 'restore the file', cause: error });
  }
}
