import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * A shell that waits for this process to end, however it ends, and then kills the processes it was told of. A sandbox
 * process in a busy loop never learns by itself that its parent is gone.
 */
const SCRIPT = 'trap "" INT HUP TERM; pids=; while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -9 $pids';

export class Reaper {
  private readonly pids = new Set<number>();
  private shell: ChildProcess | null = null;

  /** A number below 0 stands for all processes of a group. */
  watch(pid: number): void {
    this.pids.add(pid);
    this.tell();
  }

  forget(pid: number): void {
    if (this.pids.delete(pid)) this.tell();
  }

  close(): void {
    this.shell?.stdin?.end();
    this.shell = null;
  }

  private tell(): void {
    if (process.platform === 'win32') return;
    if (this.shell === null && this.pids.size > 0) this.shell = start();
    this.shell?.stdin?.write(`${[...this.pids].join(' ')}\n`);
  }
}

function start(): ChildProcess {
  // Its own session, so that neither Ctrl-C nor a closed terminal ends it before its work is done.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, env: {}, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as Socket).unref();
  return shell;
}
