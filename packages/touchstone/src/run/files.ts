import { appendFile, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';

/** A file is there whole or not at all, whenever the process is killed. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.partial`;
  await writeFile(partial, content);
  await rename(partial, path);
}

/** Appends one value as a line of JSON. What is not a finite number is written as null. */
export async function appendJsonLine(path: string, value: unknown): Promise<void> {
  await appendFile(path, `${JSON.stringify(value)}\n`);
}

/** Bytes of a file; 0 where there is none. */
export async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Cuts a file to its first bytes, so that what a killed process wrote after its last checkpoint is gone. */
export async function cutFile(path: string, bytes: number): Promise<void> {
  const size = await fileSize(path);
  if (size < bytes) {
    throw new Error(`cutFile: ${path} must have at least ${bytes} bytes, got ${size}; it was changed by someone else`);
  }
  if (size > bytes) await truncate(path, bytes);
}

/** The text of a file; undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
