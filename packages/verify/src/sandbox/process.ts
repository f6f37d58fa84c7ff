import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { SandboxLimits, SandboxReport } from './backend.js';
import type { FromSandbox, ToSandbox } from './messages.js';

const HOST = fileURLToPath(new URL('../../dist/sandbox/host.js', import.meta.url));

/** How often the memory of a process at work is read. */
const WATCH_MS = 10;

/** Characters kept of what a process wrote on stderr: the words of a failed start, or of V8 running out of memory. */
const LAST_WORDS = 8192;

/** A job that a process is at, and where its end is reported. */
interface Running {
  readonly limits: SandboxLimits;
  readonly startedMs: number;
  readonly baseMb: number;
  readonly settle: (report: SandboxReport<unknown>) => void;
  readonly notes: unknown[];
  peakMb: number;
  /** The limit of time that it meets first, in words. */
  limit: string;
}

/** What a process tells its pool. */
export interface ProcessEvents {
  /** It is warm, or its job has ended, and it can take one. */
  readonly idle: (process: SandboxProcess) => void;
  /** It runs nothing more; called once, before the operating system has taken it away. */
  readonly dead: (process: SandboxProcess) => void;
}

export interface ProcessOptions {
  readonly backend: URL;
  /** JSON that the backend is prepared with. */
  readonly setup: string | undefined;
  readonly startMs: number;
  readonly nodeFlags: readonly string[];
}

/** One child process, the job that it is at, and the clocks that end it. Never keeps this Node process alive. */
export class SandboxProcess {
  /** Jobs that ended here. */
  finished = 0;
  /** True once the backend is prepared; a process that dies before that must not be replaced for ever. */
  ready = false;
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private running: Running | null = null;
  private alive = true;
  private deadline: NodeJS.Timeout | undefined;
  private watcher: NodeJS.Timeout | undefined;
  private words = '';

  constructor(
    { backend, setup, startMs, nodeFlags }: ProcessOptions,
    private readonly events: ProcessEvents,
  ) {
    this.child = fork(HOST, [backend.href, ...(setup === undefined ? [] : [setup])], {
      // Its own session: Ctrl-C in the terminal is for the owner of the pool.
      detached: true,
      env: process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {},
      execArgv: [...nodeFlags],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.exited = new Promise((resolve) => this.child.once('close', () => resolve()));
    this.child.on('message', (message: FromSandbox) => this.receive(message));
    this.child.on('error', (error) => this.end('crashed', error.message));
    this.child.on('close', (code, signal) => this.fail(code, signal));
    this.child.stderr?.on('data', (text: Buffer) => (this.words = (this.words + text.toString()).slice(-LAST_WORDS)));
    this.child.unref();
    this.child.channel?.unref();
    (this.child.stderr as Socket | null)?.unref();
    this.deadline = setTimeout(() => this.end('crashed', `not ready after ${startMs} ms`), startMs).unref();
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get idle(): boolean {
    return this.alive && this.ready && this.running === null;
  }

  /** Why it ended, for a process that never became ready. */
  get lastWords(): string {
    return this.words.trim().slice(0, 500);
  }

  /** MiB that the process holds now, or 0 where the system does not say. */
  get residentMb(): number {
    return residentMb(this.pid);
  }

  /** Starts a job; the process must be idle. `settle` is called once. */
  start(job: unknown, limits: SandboxLimits, settle: Running['settle']): void {
    const baseMb = this.residentMb;
    this.running = { limits, settle, startedMs: performance.now(), baseMb, notes: [], peakMb: 0, limit: '' };
    this.allow(this.running);
    this.watcher = setInterval(() => this.watch(), WATCH_MS).unref();
    try {
      this.child.send({ job, limits } satisfies ToSandbox, (error) => {
        if (error !== null) this.end('crashed', error.message);
      });
    } catch (thrown) {
      // A job that is no plain data cannot be sent. Whoever gave it is told, and not whoever made room for it.
      this.end('crashed', (thrown as Error).message);
    }
  }

  /** Begins the time of a job or of its next part. */
  private allow(job: Running): void {
    const { wallMs, totalMs = Infinity } = job.limits;
    const leftMs = Math.max(0, job.startedMs + totalMs - performance.now());
    job.limit = leftMs < wallMs ? `${totalMs} ms for the whole job` : `${wallMs} ms`;
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.overdue(), Math.min(wallMs, leftMs)).unref();
  }

  /** Ends the process, and the job that it is at with it. */
  end(ended: 'timeout' | 'memory' | 'crashed', detail: string): void {
    if (!this.alive) return;
    this.alive = false;
    this.child.kill('SIGKILL');
    const notes = this.running?.notes ?? [];
    this.settle((measured) => ({ ended, detail, notes, ...measured }));
    clearTimeout(this.deadline);
    this.events.dead(this);
  }

  private receive(message: FromSandbox): void {
    if (!this.alive) return;
    if (message.kind === 'ready') {
      clearTimeout(this.deadline);
      this.ready = true;
    } else if (message.kind === 'note') {
      this.running?.notes.push(message.part);
      if (this.running !== null) this.allow(this.running);
      return;
    } else if (message.kind === 'value') {
      const { value, elapsedMs, reusable } = message;
      this.watch();
      // The last look at its memory may have ended it, and the job with it.
      if (this.running === null) return;
      this.settle((measured) => ({ ended: 'finished', value, ...measured, elapsedMs }));
      if (!reusable) return this.end('crashed', 'used up');
    } else {
      // A backend that threw may have left anything behind.
      return this.end('crashed', message.message);
    }
    this.events.idle(this);
  }

  /** What arrived while this thread was busy is read before a process counts as overdue. */
  private overdue(): void {
    const { running, deadline } = this;
    setImmediate(() => {
      // A part that came now has begun the time of the next.
      if (running === null || this.running !== running || this.deadline !== deadline) return;
      this.end('timeout', `stopped after its limit of ${running.limit}`);
    });
  }

  private watch(): void {
    const job = this.running;
    if (job === null) return;
    job.peakMb = Math.max(job.peakMb, this.residentMb - job.baseMb);
    const { memoryMb } = job.limits;
    if (job.peakMb > memoryMb) this.end('memory', `stopped when it held more than its limit of ${memoryMb} MiB`);
  }

  private fail(code: number | null, signal: NodeJS.Signals | null): void {
    const memory = /heap out of memory|Cannot allocate memory|allocation failed/i.test(this.words);
    const how = signal === null ? `code ${code}` : `signal ${signal}`;
    this.end(memory ? 'memory' : 'crashed', memory ? 'its heap was full' : `the process ended with ${how}`);
  }

  private settle(report: (measured: { elapsedMs: number; peakMemoryMb: number }) => SandboxReport<unknown>): void {
    const job = this.running;
    if (job === null) return;
    this.running = null;
    clearTimeout(this.deadline);
    clearInterval(this.watcher);
    this.finished += 1;
    job.settle(report({ elapsedMs: performance.now() - job.startedMs, peakMemoryMb: job.peakMb }));
  }
}

/** Type of the entry of the auxiliary vector that holds the size of a page (`AT_PAGESZ` of <elf.h>). */
const PAGE_SIZE_TYPE = 6n;

/** Bytes of a page of memory: 4096 nearly everywhere, 65536 on some systems for ARM, whose limits would be 16 times too wide. */
function pageBytes(): number {
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === PAGE_SIZE_TYPE) return Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // Where the system does not say, neither is any process measured.
  }
  return 4096;
}

const PAGE_MB = pageBytes() / 2 ** 20;

function residentMb(pid: number): number {
  if (process.platform !== 'linux' || pid === 0) return 0;
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_MB;
  } catch {
    return 0;
  }
}
