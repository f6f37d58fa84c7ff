import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { copyFile, constants, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { UserError } from '../errors.js';
import { readIfThere } from './files.js';
import type { RunPaths } from './run-folder.js';

/** Who holds a run: what its lock file says, as JSON. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as its system tells it: another process may get the number later. Null: not told. */
  readonly started: string | null;
  /** Drawn anew for each claim, so that no two lock files are the same. */
  readonly claim: string;
}

/** Times that a lock is looked at again because it changed hands meanwhile. */
const ATTEMPTS = 10;

/** Milliseconds that an empty lock is given to be filled, where the file system makes files and their text one by one. */
const FILLED_AFTER_MS = 200;

/**
 * Claims the folder for this process until the returned function is called. Of any number of processes that ask at once
 * one gets it. A claim of a process that is gone, as after a kill, is taken over, as is a file that names no process;
 * one of another machine is not, since nobody here can tell whether its process runs. Throws a UserError while another
 * process holds the folder.
 */
export async function lockRun({ lock, folder }: RunPaths): Promise<() => Promise<void>> {
  const { pid } = process;
  const holder: Holder = { pid, host: hostname(), started: await startOf(pid), claim: randomUUID() };
  const text = JSON.stringify(holder);
  const own = `${lock}.${holder.claim}`;
  await writeFile(own, text);
  try {
    const other = await claim(lock, own);
    if (other !== null) throw taken(folder, lock, other);
  } finally {
    await rm(own, { force: true });
  }
  return async () => {
    // A lock that a person removed may be another's by now.
    if ((await readIfThere(lock)) === text) await rm(lock, { force: true });
  };
}

/**
 * Puts the file `own` at `path`, alone; gives the holder where one that may be alive has it. A stale lock is only ever
 * replaced by whoever holds the claim on replacing this very lock, a file named after its text and claimed in the same
 * way; so one that looked at it long ago cannot remove what has come in its place.
 */
async function claim(path: string, own: string): Promise<Partial<Holder> | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await placed(own, path)) return null;
    const text = await settledText(path);
    if (text === undefined) continue;
    const holder = holderOf(text);
    if (holder !== undefined && (await mayLive(holder))) return holder;
    const successor = `${path}.${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
    const rival = await claim(successor, own);
    if (rival !== null) return rival;
    if ((await readIfThere(path)) === text) {
      await rename(successor, path);
      return null;
    }
    await rm(successor, { force: true });
  }
  return {};
}

/** Whether the file is now at `path` too, with all its text at once; false where something is there. */
async function placed(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      // A file system without links.
      return copyFile(own, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function settledText(path: string): Promise<string | undefined> {
  const text = await readIfThere(path);
  if (text !== '') return text;
  await new Promise((resolve) => setTimeout(resolve, FILLED_AFTER_MS));
  return await readIfThere(path);
}

/** What a lock says; undefined where it names no process. */
function holderOf(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, host, started = null, claim: mark = '' } = value as Partial<Holder>;
  if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || typeof host !== 'string') return undefined;
  return { pid: pid as number, host, started, claim: mark };
}

async function mayLive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  if (!isRunning(pid)) return false;
  const now = await startOf(pid);
  return started === null || now === null || started === now;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process of this machine began, the same text each time; null where the system does not tell. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // Field 22 of proc_pid_stat(5), in clock ticks since boot; the second field, the name, may hold spaces.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? null : `${boot.trim()} ${ticks}`;
  } catch {
    return await startByPs(pid);
  }
}

async function startByPs(pid: number): Promise<string | null> {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env, timeout: 5000 });
    return stdout.trim() === '' ? null : stdout.trim();
  } catch {
    return null;
  }
}

function taken(folder: string, lock: string, { pid, host }: Partial<Holder>): UserError {
  const rule = `${folder}: a run can be written by one process only, got`;
  if (pid === undefined) return new UserError(`${rule} another that took it just now; try again`);
  const isHere = host === hostname();
  const who = isHere ? `process ${pid} at it` : `process ${pid} of the machine ${JSON.stringify(host)} at it`;
  const when = isHere ? 'if that process is something else' : 'if that process is gone';
  return new UserError(`${rule} ${who}; wait for it, or remove ${lock} ${when}`);
}
