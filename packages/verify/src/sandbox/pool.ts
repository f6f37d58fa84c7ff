/**
 * A pool of child processes, each of which holds one prepared backend and runs one untrusted job at a time.
 *
 * What it bounds: running time and resident memory of each job (both watched from outside and ended by SIGKILL), the
 * environment (empty), and, where Node has its permission model, files (the backend's own, read-only), child
 * processes, worker threads and addons. A process that was killed, that crashed, or whose backend is not sure of a
 * clean state is replaced; a warm spare takes the next job at once.
 *
 * What it does not bound: a text that breaks out of the interpreter *and* finds a hole in Node has the rights of the
 * user. Memory is read every 10 ms while a job runs, on Linux only; elsewhere the backend's own bounds remain. While
 * the thread that made the pool computes without returning to its event loop, nothing is killed.
 */
import { availableParallelism } from 'node:os';
import { defaultLimits, type SandboxLimits, type SandboxReport } from './backend.js';
import { permissionArguments, type Permissions } from './permissions.js';
import { SandboxProcess } from './process.js';
import { Reaper } from './reaper.js';

export interface SandboxPoolOptions extends Permissions {
  /** Processes that run jobs at a time; default: the machine's cores. */
  readonly workers?: number;
  /** Warm processes that wait to replace one; default 1. */
  readonly spares?: number;
  /** Jobs that one process runs before it is replaced; 1 is a fresh process for each. Default: no end. */
  readonly jobsPerProcess?: number;
  /** Milliseconds that a process may take to start and to prepare its backend; default 30000. */
  readonly startMs?: number;
  /** MiB of V8 heap of a process; default 256. WebAssembly memory is not in it. */
  readonly heapMb?: number;
  /** A process that holds this many MiB more after a job than when it was fresh is replaced; default 128. */
  readonly retainedMb?: number;
  /** Limits of a job that names none. */
  readonly limits?: Partial<SandboxLimits>;
  /** Further flags of node for the processes. */
  readonly nodeFlags?: readonly string[];
  /** What every process prepares its backend with: plain data, as JSON knows it. Default: none. */
  readonly setup?: unknown;
}

/** What a pool is doing. */
export interface SandboxPoolState {
  readonly waiting: number;
  readonly running: number;
  /** Processes that are up or starting, spares included. */
  readonly processes: number;
  /** Process ids of those. */
  readonly pids: readonly number[];
  /** Processes that ended since the pool was made: killed, crashed, or used up. */
  readonly replaced: number;
}

/** The pool was closed. */
export class SandboxClosedError extends Error {
  override readonly name = 'SandboxClosedError';
  constructor() {
    super('SandboxPool.run: the pool must be open, got a closed one; make a new SandboxPool');
  }
}

interface Waiting {
  readonly job: unknown;
  readonly limits: SandboxLimits;
  readonly settle: (report: SandboxReport<unknown>) => void;
  /** Tells the caller's abort which process to end. */
  started: SandboxProcess | null;
}

/** Processes that cannot even start are replaced this many times in a row before the waiting jobs are given up. */
const START_ATTEMPTS = 3;

const MAX_TIMER_MS = 2 ** 31 - 1;

export class SandboxPool<Job, Value> {
  private readonly options: Required<Omit<SandboxPoolOptions, keyof Permissions | 'limits' | 'setup'>>;
  private readonly setup: string | undefined;
  private readonly limits: SandboxLimits;
  private readonly processes = new Map<SandboxProcess, { freshMb: number }>();
  private readonly ending = new Set<Promise<void>>();
  private readonly reaper = new Reaper();
  private queue: Waiting[] = [];
  private running = 0;
  private replaced = 0;
  private startFailures = 0;
  private keepAlive: NodeJS.Timeout | undefined;
  private warmers: { readonly count: number; readonly resolve: () => void }[] = [];
  private closed = false;

  /** @param backend built module whose exports are a `SandboxBackend`, as `new URL('../../dist/...', import.meta.url)` */
  constructor(
    private readonly backend: URL,
    options: SandboxPoolOptions = {},
  ) {
    const heapMb = positive('heapMb', options.heapMb ?? 256);
    const flags = [
      `--max-old-space-size=${Math.ceil(heapMb)}`,
      '--no-warnings',
      ...permissionArguments(options),
      ...(options.nodeFlags ?? []),
    ];
    this.options = {
      workers: positive('workers', options.workers ?? availableParallelism()),
      spares: options.spares ?? 1,
      jobsPerProcess: positive('jobsPerProcess', options.jobsPerProcess ?? Infinity),
      startMs: positive('startMs', options.startMs ?? 30_000),
      heapMb,
      retainedMb: positive('retainedMb', options.retainedMb ?? 128),
      nodeFlags: flags,
    };
    this.limits = checked({ ...defaultLimits, ...options.limits });
    this.setup = options.setup === undefined ? undefined : JSON.stringify(options.setup);
  }

  get state(): SandboxPoolState {
    const pids = [...this.processes.keys()].map((each) => each.pid);
    const { running, replaced } = this;
    return { waiting: this.queue.length, running, processes: pids.length, pids, replaced };
  }

  /**
   * Runs one job; jobs start in the order in which they came. Resolves for whatever the job does; rejects with the
   * signal's reason, with `SandboxClosedError`, or with a `RangeError` for limits that are not positive.
   */
  run(job: Job, limits: Partial<SandboxLimits> = {}, signal?: AbortSignal): Promise<SandboxReport<Value>> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw new SandboxClosedError();
      signal?.throwIfAborted();
      const settle = (report: SandboxReport<unknown>): void => {
        signal?.removeEventListener('abort', abort);
        resolve(report as SandboxReport<Value>);
      };
      const waiting: Waiting = { job, limits: checked({ ...this.limits, ...limits }), settle, started: null };
      const abort = (): void => {
        reject(signal?.reason as Error);
        if (waiting.started !== null) return waiting.started.end('crashed', 'aborted');
        this.queue = this.queue.filter((each) => each !== waiting);
        this.dispatch();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.queue.push(waiting);
      this.dispatch();
    });
  }

  /** Starts every worker and spare now, and resolves when they are ready (or cannot be). */
  async warm(): Promise<void> {
    if (this.closed) throw new SandboxClosedError();
    const count = this.options.workers + this.options.spares;
    this.hold();
    await new Promise<void>((resolve) => {
      this.warmers.push({ count, resolve });
      while (this.processes.size < count) this.spawn();
      this.dispatch();
    });
  }

  /** Ends every process and waits until it is gone. Jobs that wait or run are `crashed` with the detail `pool closed`. */
  async close(): Promise<void> {
    this.closed = true;
    const waiting = this.queue;
    this.queue = [];
    for (const each of waiting) each.settle(refused('pool closed'));
    for (const each of [...this.processes.keys()]) each.end('crashed', 'pool closed');
    this.release();
    await Promise.all(this.ending);
    this.reaper.close();
  }

  private spawn(): void {
    const { startMs, nodeFlags } = this.options;
    const made = new SandboxProcess(
      { backend: this.backend, setup: this.setup, startMs, nodeFlags },
      { idle: (each) => this.idle(each), dead: (each) => this.lost(each) },
    );
    this.processes.set(made, { freshMb: Infinity });
    if (made.pid !== 0) this.reaper.watch(made.pid);
    const gone = made.exited.then(() => {
      this.ending.delete(gone);
      this.reaper.forget(made.pid);
      this.release();
    });
    this.ending.add(gone);
  }

  private idle(each: SandboxProcess): void {
    const known = this.processes.get(each);
    if (known === undefined) return;
    this.startFailures = 0;
    if (each.finished === 0) known.freshMb = each.residentMb;
    else if (
      each.finished >= this.options.jobsPerProcess ||
      each.residentMb > known.freshMb + this.options.retainedMb
    ) {
      return each.end('crashed', 'used up');
    }
    this.dispatch();
  }

  private lost(each: SandboxProcess): void {
    this.processes.delete(each);
    if (this.closed) return;
    this.replaced += 1;
    if (!each.ready) this.startFailures += 1;
    if (this.startFailures >= START_ATTEMPTS) return this.abandon(each);
    this.dispatch();
  }

  /** Processes do not start (a package is missing, the build is absent): every job says so instead of waiting. */
  private abandon(each: SandboxProcess): void {
    void each.exited.then(() => {
      const waiting = this.queue;
      this.queue = [];
      this.startFailures = 0;
      const why = each.lastWords === '' ? 'its process ends before it is ready' : each.lastWords;
      for (const job of waiting) job.settle(refused(`the sandbox does not start: ${why}`));
      for (const { resolve } of this.warmers.splice(0)) resolve();
      this.release();
    });
  }

  private dispatch(): void {
    if (this.closed) return;
    for (const each of this.processes.keys()) {
      if (this.queue.length === 0 || this.running >= this.options.workers) break;
      if (each.idle) this.begin(each);
    }
    this.hold();
    this.settleWarmers();
    this.grow();
    this.release();
  }

  private begin(each: SandboxProcess): void {
    const [next] = this.queue.splice(0, 1);
    if (next === undefined) return;
    next.started = each;
    this.running += 1;
    each.start(next.job, next.limits, (report) => {
      this.running -= 1;
      next.settle(report);
      this.release();
    });
  }

  /** A process for each job at hand up to `workers`; then, once one has worked, the spares. */
  private grow(): void {
    if (this.startFailures >= START_ATTEMPTS) return;
    const { workers, spares } = this.options;
    const busy = Math.min(workers, this.queue.length + this.running);
    const used = this.replaced > 0 || [...this.processes.keys()].some((each) => each.ready);
    const asked = this.warmers.map(({ count }) => count);
    const wanted = Math.max(used ? busy + spares : busy, ...asked);
    while (this.processes.size < wanted) this.spawn();
  }

  private settleWarmers(): void {
    const ready = [...this.processes.keys()].filter((each) => each.ready).length;
    const done = this.warmers.filter(({ count }) => ready >= count);
    this.warmers = this.warmers.filter((each) => !done.includes(each));
    for (const { resolve } of done) resolve();
  }

  /** Jobs at hand keep this Node process alive; an idle pool does not. */
  private hold(): void {
    if (this.queue.length + this.running + this.warmers.length > 0)
      this.keepAlive ??= setInterval(() => undefined, MAX_TIMER_MS);
  }

  private release(): void {
    if (this.queue.length + this.running + this.warmers.length > 0) return;
    if (this.closed && this.ending.size > 0) {
      this.keepAlive ??= setInterval(() => undefined, MAX_TIMER_MS);
      return;
    }
    clearInterval(this.keepAlive);
    this.keepAlive = undefined;
  }
}

function refused(detail: string): SandboxReport<never> {
  return { ended: 'crashed', detail, notes: [], elapsedMs: 0, peakMemoryMb: 0 };
}

function checked(limits: SandboxLimits): SandboxLimits {
  for (const [name, value] of Object.entries(limits)) positive(name, value as number);
  // Longer than a timer can wait would end the job at once.
  const { wallMs, totalMs = Infinity } = limits;
  return { ...limits, wallMs: Math.min(wallMs, MAX_TIMER_MS), totalMs: Math.min(totalMs, MAX_TIMER_MS) };
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`SandboxPool: ${name} must be a positive number, got ${value}; give one or leave it out`);
}
