import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Output } from '../sandbox/output.js';
import { Reaper } from '../sandbox/reaper.js';

/** How a program of the simulator ended. */
export interface Execution {
  readonly ok: boolean;
  readonly overdue: boolean;
  /** Whether it was ended because it wrote too much. */
  readonly flooded: boolean;
  readonly output: string;
  readonly wall: 'bubblewrap' | 'limits';
}

/**
 * KiB of address space, seconds of processor time and blocks of 512 bytes of a file. One by one: some shells take one at
 * a time only, and some systems have no bound of the address space.
 */
const ULIMITS = '{ ulimit -v 1048576; ulimit -t 120; ulimit -f 65536; } 2> /dev/null';

/** Bytes of each output stream. */
export const MAX_OUTPUT = 1 << 20;

/** Where a program of this name lies; null where it is not installed. */
export function onPath(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/**
 * Runs a program in a folder of its own, with limits of time, memory, output and file size, under bubblewrap where that
 * works here. It leads a process group, which is killed as a whole: a driver such as iverilog leaves its passes running
 * when it alone is. The group ends with this process, too, however this one ends. Never rejects.
 */
export async function execute(
  command: readonly string[],
  folder: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Execution> {
  const wrapped = await bubblewrap();
  const limited = ['/bin/sh', '-c', `${ULIMITS}; exec "$@"`, 'sh', ...command];
  const [program, ...args] =
    wrapped === null ? limited : [...wrapped, '--bind', folder, '/work', '--chdir', '/work', ...limited];
  const child = spawn(program!, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: wrapped === null ? folder : '/work' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { ...(await ending(child, timeoutMs, signal)), wall: wrapped === null ? 'limits' : 'bubblewrap' };
}

async function ending(
  child: ChildProcess,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Omit<Execution, 'wall'>> {
  const { pid } = child;
  const reaper = new Reaper();
  if (pid !== undefined) reaper.watch(-pid);
  const output = new Output(MAX_OUTPUT);
  let stopped: 'overdue' | 'flooded' | 'aborted' | null = null;
  const stop = (why: 'overdue' | 'flooded' | 'aborted'): void => {
    stopped ??= why;
    killGroup(child);
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (bytes: Buffer) => {
      output.streams[name](bytes);
      if (output.isCut) stop('flooded');
    });
  }
  const abort = (): void => stop('aborted');
  const clock = setTimeout(() => stop('overdue'), Math.ceil(timeoutMs));
  signal?.addEventListener('abort', abort);
  if (signal?.aborted === true) abort();
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    // What the leader left behind in its group must not hold the output open.
    child.once('exit', () => killGroup(child));
    child.once('close', resolve);
  });
  clearTimeout(clock);
  signal?.removeEventListener('abort', abort);
  if (pid !== undefined) reaper.forget(-pid);
  reaper.close();
  const { stdout, stderr } = output.texts;
  return {
    ok: code === 0 && stopped === null,
    overdue: stopped === 'overdue',
    flooded: stopped === 'flooded',
    output: `${stdout}\n${stderr}`,
  };
}

/** Kills all processes of the group that a child leads. Its number is not given anew while one of them is left. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // None is left.
  }
}

let wrapper: Promise<readonly string[] | null> | undefined;

/** The command that starts a program without network and files of others; null where it does not work here. */
function bubblewrap(): Promise<readonly string[] | null> {
  const path = onPath('bwrap');
  if (path === null) return Promise.resolve(null);
  const shared = ['/usr', '/lib', '/lib64', '/bin', '/etc/alternatives'].filter((each) => existsSync(each));
  const command = [
    path,
    ...shared.flatMap((each) => ['--ro-bind', each, each]),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--unshare-all', '--die-with-parent', '--new-session'],
  ];
  wrapper ??= new Promise((resolve) => {
    execFile(path, [...command.slice(1), '/bin/sh', '-c', 'exit 0'], { timeout: 5000 }, (error) =>
      resolve(error === null ? command : null),
    );
  });
  return wrapper;
}
