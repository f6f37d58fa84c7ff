import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { WORK_FOLDER } from './harness.js';
import { NATIVE_PROGRAM } from './native-launcher.js';

const execute = promisify(execFile);

/** Why there is no wall for native Python here; the message says what is missing. */
export class NativeWallError extends Error {
  override readonly name = 'NativeWallError';
}

export interface NativeInterpreter {
  /** The interpreter's own path; in a virtual environment, the one in it. */
  readonly executable: string;
  readonly prefix: string;
  readonly basePrefix: string;
  /** Such as `3.11.7`. */
  readonly version: string;
}

export interface WallOptions {
  /** Path or name of bubblewrap; default `bwrap`. */
  readonly bwrap: string;
  readonly interpreter: NativeInterpreter;
  /** Whether the packages installed for the interpreter can be imported. */
  readonly packages: boolean;
}

/** Bytes of files that a job may hold, in its working folder and in /tmp each. */
const FILES_BYTES = 64 << 20;

/**
 * Inodes of the host that stay its own behind the wall. Where the host runs as root, a program without any capability
 * is still their owner, and could change settings of the kernel and modes of devices.
 */
const SHARED_WITH_HOST = [
  '/proc',
  ...['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`),
];

/** Descriptors of bubblewrap beside the streams and the channel. */
export const SECCOMP_FD = 4;
export const INFO_FD = 5;

const FACTS =
  'import sys, json; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, "%d.%d.%d" % sys.version_info[:3]]))';

/** Asks an interpreter, which is trusted, where it lives. Throws a `NativeWallError` when it does not answer. */
export async function describeInterpreter(python: string): Promise<NativeInterpreter> {
  const { stdout } = await execute(python, ['-I', '-c', FACTS], { timeout: 20_000 }).catch((error: Error) => {
    throw new NativeWallError(
      `native Python: the interpreter must run, got ${firstLine(error.message)} from ${python}; give its path`,
    );
  });
  const [executable = '', prefix = '', basePrefix = '', version = ''] = JSON.parse(stdout) as string[];
  for (const folder of [prefix, basePrefix]) {
    if (folder !== '/' && folder !== homedir()) continue;
    throw new NativeWallError(
      `native Python: the interpreter's prefix must be a folder of its own, got ${folder}; use a virtual environment`,
    );
  }
  return { executable, prefix, basePrefix, version };
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

/** The arguments of bubblewrap for one interpreter. Everything is read-only but the working folder and /tmp. */
export function wallArguments({ interpreter, packages }: WallOptions): string[] {
  const { executable, prefix, basePrefix } = interpreter;
  const homes = prefix === basePrefix ? [prefix] : [basePrefix, prefix];
  const parts = homes.flatMap((home) => [join(home, 'lib'), join(home, 'lib64'), join(home, 'pyvenv.cfg')]);
  const base = realpathSync(executable);
  const shown = [
    ...['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/share/zoneinfo', '/etc/ld.so.cache', '/etc/alternatives'],
    ...parts,
    ...new Set([executable, base]),
  ];
  const files = ['--size', String(FILES_BYTES), '--tmpfs'];
  return [
    ...['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...['--uid', '1000', '--gid', '1000', '--hostname', 'sandbox'],
    ...['/lib', '/lib32', '/lib64'].flatMap(systemFolder),
    ...shown.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', ...files, '/tmp', ...files, WORK_FOLDER],
    // What bubblewrap made for itself is memory without a limit unless it cannot be written.
    ...['/dev', '/', ...SHARED_WITH_HOST].flatMap((path) => ['--remount-ro', path]),
    ...['--chdir', WORK_FOLDER],
    ...environment(dirname(executable)).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--seccomp', String(SECCOMP_FD), '--info-fd', String(INFO_FD)],
    ...['--', executable, '-s', ...(packages ? [] : ['-S']), '-c', NATIVE_PROGRAM],
  ];
}

/** A folder that is a link on systems where /usr holds everything, and is there itself on others. */
function systemFolder(path: string): string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

function environment(bin: string): readonly (readonly [name: string, value: string])[] {
  return [
    ['PATH', bin],
    ['HOME', WORK_FOLDER],
    ['LANG', 'C.UTF-8'],
    ['PYTHONHASHSEED', '0'],
    ['PYTHONDONTWRITEBYTECODE', '1'],
    ['PYTHONUTF8', '1'],
    // One job is one core's work; libraries that start a thread a core would meet the limits of memory first.
    ['OMP_NUM_THREADS', '1'],
    ['OPENBLAS_NUM_THREADS', '1'],
  ];
}
