import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import type { RunPaths } from './run-folder.js';
import { runPaths } from './run-folder.js';
import { lockRun } from './run-lock.js';

interface Written {
  pid: number;
  host: string;
  started: string | null;
  claim: string;
}

/** What a process of this machine with a number that no process has would have left. */
const DEAD: Written = { pid: 999_999_999, host: hostname(), started: null, claim: 'a' };

const pathsOf = async (lock?: string | object): Promise<RunPaths> => {
  const paths = runPaths(await temporaryFolder());
  if (lock !== undefined) await writeFile(paths.lock, typeof lock === 'string' ? lock : JSON.stringify(lock));
  return paths;
};

const holder = async ({ lock }: RunPaths): Promise<Written> => JSON.parse(await readFile(lock, 'utf8')) as Written;

/** Asks several times at once: how many got it, and what the others were told. */
async function rush(paths: RunPaths): Promise<{ unlocks: (() => Promise<void>)[]; errors: unknown[] }> {
  const asked = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(paths)));
  return {
    unlocks: asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
    errors: asked.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : [])),
  };
}

/** A process that lives until it is told to end. */
async function bystander(): Promise<{ pid: number; end: () => Promise<void> }> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  return { pid: child.pid as number, end: async () => void (child.stdin.end(), await ended) };
}

describe('lockRun', () => {
  it('keeps a second writer out until the first is done', async () => {
    const paths = await pathsOf();
    const unlock = await lockRun(paths);
    await expect(lockRun(paths)).rejects.toThrow(new RegExp(`one process only, got process ${process.pid} at it`));
    await unlock();
    expect(await readdir(paths.folder)).toEqual([]);
    await (
      await lockRun(paths)
    )();
  });

  it.each([DEAD, '', 'garbage', '{"pid":-1}', 'null', '999999999'])(
    'takes over from a process that is gone (%j)',
    async (left) => {
      const paths = await pathsOf(left);
      const unlock = await lockRun(paths);
      expect((await holder(paths)).pid).toBe(process.pid);
      expect(await readdir(paths.folder)).toEqual([basename(paths.lock)]);
      await unlock();
      expect(existsSync(paths.lock)).toBe(false);
    },
  );

  it.each([undefined, DEAD, '', 'garbage'])('goes to one of many that ask at once (%j)', async (left) => {
    for (let round = 0; round < 10; round++) {
      const paths = await pathsOf(left);
      const { unlocks, errors } = await rush(paths);
      expect(unlocks).toHaveLength(1);
      for (const error of errors) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as Error).message).toMatch(/^[^\n]*one process only, got [^\n]*$/);
      }
      await unlocks[0]?.();
      expect(await readdir(paths.folder)).toEqual([]);
    }
  });

  it('goes to one of many where processes were killed while they took it over', async () => {
    const paths = await pathsOf(DEAD);
    // Two that were stopped between the claim on replacing a stale lock and doing so: the second one's is of the first's.
    let [path, text] = [paths.lock, JSON.stringify(DEAD)];
    for (const claim of ['b', 'c']) {
      path = `${path}.${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
      text = JSON.stringify({ ...DEAD, claim });
      await writeFile(path, text);
    }
    const { unlocks } = await rush(paths);
    expect(unlocks).toHaveLength(1);
    expect(await readdir(paths.folder)).toEqual([basename(paths.lock)]);
    await unlocks[0]?.();
  });

  it('is not misled by a process that got the number of one that is gone', async () => {
    const other = await bystander();
    const paths = await pathsOf();
    const mine = await lockRun(paths);
    const { started } = await holder(paths);
    await mine();
    expect(started).not.toBeNull();
    for (const pid of [other.pid, process.pid]) {
      await writeFile(paths.lock, JSON.stringify({ ...DEAD, pid, started: `${started}0` }));
      await (
        await lockRun(paths)
      )();
    }
    // Without a time the number is all there is.
    await writeFile(paths.lock, JSON.stringify({ ...DEAD, pid: other.pid }));
    await expect(lockRun(paths)).rejects.toThrow(`got process ${other.pid} at it; wait for it, or remove`);
    await other.end();
    await (
      await lockRun(paths)
    )();
  });

  it('of another machine stays, and the error says how to go on', async () => {
    const paths = await pathsOf({ ...DEAD, host: 'elsewhere' });
    await expect(lockRun(paths)).rejects.toThrow(
      `got process 999999999 of the machine "elsewhere" at it; wait for it, or remove ${paths.lock} if that process is gone`,
    );
    expect(await readdir(paths.folder)).toEqual([basename(paths.lock)]);
  });

  it('is given back by its holder only', async () => {
    const paths = await pathsOf();
    const first = await lockRun(paths);
    await writeFile(paths.lock, JSON.stringify({ ...DEAD, host: 'elsewhere' }));
    await first();
    expect((await holder(paths)).host).toBe('elsewhere');
  });
});
