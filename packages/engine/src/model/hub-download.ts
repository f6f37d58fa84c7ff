import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { downloadFile, HubApiError } from '@huggingface/hub';
import type { ListFileEntry } from '@huggingface/hub';
import { EngineError, systemCode } from '../errors.js';
import { fileError, isFile } from './files.js';

/** A hub that says nothing for so long counts as unreachable. */
const PATIENCE_MS = 20_000;

/** Attempts at one file that bring no new byte before the download gives up. */
const FRUITLESS_ATTEMPTS = 3;

/** `fetch` that waits for the first line of an answer for 20 seconds at most; a body may then take its time. */
export const impatientFetch: typeof fetch = async (input, init) => {
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(new Error('no answer within 20 seconds')), PATIENCE_MS);
  try {
    return await fetch(input, { ...init, signal: impatience.signal });
  } finally {
    clearTimeout(timer);
  }
};

export interface DownloadSource {
  readonly repo: string;
  readonly commit: string;
  readonly fetch: typeof fetch;
  readonly hubUrl?: string;
  readonly accessToken?: string;
}

/**
 * Downloads one file of a repository into a folder, unless it is there. What has arrived is kept beside it under
 * `.incomplete` and added to by the next attempt; size and, where the hub tells it, SHA-256 are checked before the file
 * gets its name.
 *
 * @param onReceived Called with the bytes on disk so far.
 * @throws EngineError `hub-failed` for wrong bytes, `write-failed`; errors of the network and the hub as they come.
 */
export async function downloadTo(
  folder: string,
  source: DownloadSource,
  entry: ListFileEntry,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const final = join(folder, entry.path);
  if (await isFile(final)) {
    onReceived(entry.size);
    return;
  }
  const partial = `${final}.incomplete`;
  let have = await sizeOf(partial);
  for (let fruitless = 0; have < entry.size || (have === 0 && !(await isFile(partial)));) {
    try {
      await receive(partial, source, entry.path, have, onReceived);
      if ((await sizeOf(partial)) < entry.size) throw new Error('the connection ended early');
    } catch (error) {
      const now = await sizeOf(partial);
      fruitless = now > have ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS_ATTEMPTS || isFinal(error)) throw error;
    }
    have = await sizeOf(partial);
  }
  await verify(partial, source.repo, entry, have);
  await rename(partial, final);
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** Whether another attempt would end the same way. */
function isFinal(error: unknown): boolean {
  return error instanceof EngineError || (error instanceof HubApiError && error.statusCode < 500);
}

async function receive(
  partial: string,
  source: DownloadSource,
  path: string,
  have: number,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const { repo, commit, ...access } = source;
  const blob = await downloadFile({ repo, path, revision: commit, xet: false, ...access });
  if (blob === null) throw wrongBytes(repo, path, 'must be there, as the hub listed it', 'nothing');
  let received = have;
  const body = Readable.fromWeb((have > 0 ? blob.slice(have) : blob).stream() as ReadableStream<Uint8Array>);
  body.on('data', (chunk: Uint8Array) => onReceived((received += chunk.length)));
  try {
    await pipeline(body, createWriteStream(partial, { flags: have > 0 ? 'a' : 'w' }));
  } catch (error) {
    // A system call's error is the disk's; the network's have no such code at this level.
    throw error instanceof Error && 'syscall' in error && systemCode(error) !== 'ECONNRESET'
      ? fileError(error, partial, 'write')
      : error;
  }
}

async function verify(partial: string, repo: string, entry: ListFileEntry, have: number): Promise<void> {
  if (have !== entry.size) {
    await rm(partial, { force: true });
    throw wrongBytes(repo, entry.path, `must have ${entry.size} bytes`, `${have}`);
  }
  if (entry.lfs === undefined) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(partial), hash);
  const digest = hash.digest('hex');
  if (digest === entry.lfs.oid) return;
  await rm(partial, { force: true });
  throw wrongBytes(repo, entry.path, `must have SHA-256 ${entry.lfs.oid}`, digest);
}

function wrongBytes(repo: string, path: string, rule: string, got: string): EngineError {
  return new EngineError('hub-failed', { at: `${repo}: ${path}`, rule, got, fix: 'run the same command again' });
}
