/**
 * A pool of worker threads with a hard deadline: the only way in JavaScript to stop a computation that does not stop
 * by itself. An overdue worker is terminated, the job is `timeout`, and a warm spare takes the next job at once.
 *
 * Registered kinds and custom modules are judged by two crews of workers, so that a module that has to be killed takes no
 * worker away from the kinds, which are bounded by themselves.
 *
 * What it bounds: running time (endless loops, catastrophic regular expressions, huge powers), the V8 heap of each
 * worker, the number of waiting jobs; a verifier that throws, exits or never returns costs its own job only.
 *
 * What it does not protect against: a custom verifier that means harm. A worker shares the process: it can read files,
 * open sockets and read the environment. Memory outside the V8 heap (ArrayBuffers) is not counted. Termination is
 * begun by the thread that made the pool: while that thread computes without returning to its event loop, nothing is
 * killed (no job is wrongly timed out for it either, because the workers stamp their own start). Running untrusted
 * programs needs a process in a sandbox, not this.
 */
import { isExecutedKind, runExecuted, type ExecutedKind, type ExecutedResources } from '../executed.js';
import { availableParallelism } from 'node:os';
import { Crew } from './crew.js';
import { PoolClosedError, QueueFullError } from './errors.js';
import type { Job, Runner, VerifierTarget } from './job.js';
import { crashed, timeout, type Verdict } from '../verdict.js';

export interface PoolOptions {
  /** Threads that judge registered kinds, and as many for custom modules; default: the machine's cores less one, at least 1. */
  readonly workers?: number;
  /** Warm threads of each crew that wait to replace a killed one; default 1. */
  readonly spares?: number;
  /** Milliseconds a job may run; default 1000. */
  readonly deadlineMs?: number;
  /** Milliseconds a worker may take to start or to load a verifier; default 10000. */
  readonly loadMs?: number;
  /** Jobs that may wait beside one for each worker; one more is refused with a `QueueFullError`. Default 10000. */
  readonly queueLimit?: number;
  /** V8 heap of a worker in MiB; default 256. */
  readonly memoryMb?: number;
  /**
   * How far workers that replace killed ones step back for all other threads where cores are short: 0 (default) not at
   * all, 19 as far as possible. On Linux only; elsewhere the threads of a process have one priority.
   */
  readonly niceness?: number;
  /**
   * Share of a worker's time, in (0, 1], that a verifier may take whose last three jobs or more ran out of theirs: it
   * rests for the remainder, at most 500 ms after each, while others go on. Default 1: no rest.
   */
  readonly overdueShare?: number;
  /** Verifiers loaded and warmed in every worker of their crew before its first job; without any, workers start on demand. */
  readonly preload?: readonly VerifierTarget[];
  /** What the kinds that execute are lent; default: nothing. */
  readonly resources?: ExecutedResources;
}

/** What a pool is doing: jobs waiting and running, workers a crew may have, workers killed or lost since it was made. */
export interface RunAllOptions {
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  readonly onVerdict?: (verdict: Verdict, position: number) => void;
}

export interface PoolState {
  readonly waiting: number;
  readonly running: number;
  readonly workers: number;
  readonly replaced: number;
}

export class VerifierPool implements Runner {
  private readonly workers: number;
  private readonly deadlineMs: number;
  private readonly queueLimit: number;
  private readonly resources: ExecutedResources;
  private readonly kinds: Crew;
  private readonly modules: Crew;
  /** Jobs of kinds that execute, whose processes are not this pool's. */
  private readonly executing = new Set<AbortController>();
  private nextId = 1;
  /** Jobs that are neither settled nor given up by their caller. */
  private pending = 0;
  private closed = false;

  constructor(options: PoolOptions = {}) {
    this.workers = positive('workers', options.workers ?? Math.max(1, availableParallelism() - 1));
    this.deadlineMs = positive('deadlineMs', options.deadlineMs ?? 1000);
    this.queueLimit = positive('queueLimit', options.queueLimit ?? 10_000);
    this.resources = options.resources ?? {};
    const shared = {
      workers: this.workers,
      spares: options.spares ?? 1,
      loadMs: positive('loadMs', options.loadMs ?? 10_000),
      memoryMb: positive('memoryMb', options.memoryMb ?? 256),
      niceness: niceness(options.niceness ?? 0),
      overdueShare: share(options.overdueShare ?? 1),
    };
    const preload = options.preload ?? [];
    this.kinds = new Crew({ ...shared, preload: preload.filter(isKind) });
    this.modules = new Crew({ ...shared, preload: preload.filter((target) => !isKind(target)) });
  }

  get state(): PoolState {
    const running = this.kinds.running + this.modules.running + this.executing.size;
    const replaced = this.kinds.replaced + this.modules.replaced;
    return { waiting: this.pending - running, running, workers: this.workers, replaced };
  }

  /**
   * Judges one job. Rejects with `QueueFullError`, `PoolClosedError`, or the signal's reason; a response or verifier
   * that fails resolves with a verdict that says so.
   */
  run(job: Job, signal?: AbortSignal): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw new PoolClosedError();
      signal?.throwIfAborted();
      if (this.pending >= this.queueLimit + this.workers) throw new QueueFullError(this.queueLimit);
      // These have walls and limits of their own; a job's own deadline counts beside them, from here.
      if (isExecutedKind(job.verifier)) {
        resolve(this.execute(job.verifier, job, signal));
        return;
      }
      const deadlineMs = positive('deadlineMs', job.deadlineMs ?? this.deadlineMs);
      const crew = isKind(job.verifier) ? this.kinds : this.modules;
      const id = this.nextId++;
      const abort = (): void => {
        this.pending--;
        crew.cancel(id);
        reject(signal?.reason as Error);
      };
      const settle = (verdict: Verdict): void => {
        signal?.removeEventListener('abort', abort);
        this.pending--;
        resolve(verdict);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.pending++;
      crew.take({ id, job, deadlineMs, settle });
    });
  }

  /**
   * Judges many jobs and returns verdicts in their order. At most `concurrency` of them are in the pool at a time
   * (default: sixteen a worker), so that one long list leaves room for other callers. `onVerdict` sees each verdict as
   * it comes, with its position; what it throws ends the run.
   */
  async runAll(
    jobs: Iterable<Job>,
    { signal, concurrency = this.workers * 16, onVerdict }: RunAllOptions = {},
  ): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    // One generator shared by all lanes: each takes the next job, and a failure in one closes it for the others.
    const source = numbered(jobs);
    let follow = onVerdict;
    const feed = async (): Promise<void> => {
      for (const [position, job] of source) {
        const verdict = await this.run(job, signal);
        verdicts[position] = verdict;
        try {
          follow?.(verdict, position);
        } catch (error) {
          // The other lanes end with the job that each has begun; nobody follows them any more.
          follow = undefined;
          throw error;
        }
      }
    };
    const lanes = Math.min(this.queueLimit, positive('concurrency', concurrency));
    await Promise.all(Array.from({ length: lanes }, feed));
    return verdicts;
  }

  private async execute(kind: ExecutedKind, job: Job, signal: AbortSignal | undefined): Promise<Verdict> {
    const ending = new AbortController();
    const abort = (): void => ending.abort(signal?.reason);
    const { deadlineMs } = job;
    let overdue = false;
    const expire = (): void => {
      overdue = true;
      ending.abort();
    };
    const clock = deadlineMs === undefined ? undefined : setTimeout(expire, positive('deadlineMs', deadlineMs));
    signal?.addEventListener('abort', abort, { once: true });
    this.executing.add(ending);
    this.pending++;
    try {
      return await runExecuted(kind, job, ending.signal, this.resources);
    } catch (error) {
      if (overdue && deadlineMs !== undefined) return timeout(deadlineMs);
      if (this.closed && signal?.aborted !== true) return crashed('pool-closed');
      throw error;
    } finally {
      clearTimeout(clock);
      this.pending--;
      this.executing.delete(ending);
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Ends every worker. Jobs that were waiting or running are `crashed` with the reason `pool-closed`. Processes of kinds
   * that execute are shared by all pools and stay: see `closeExecuted`.
   */
  async close(): Promise<void> {
    this.closed = true;
    for (const job of this.executing) job.abort();
    await Promise.all([this.kinds.close(), this.modules.close()]);
  }
}

function isKind(target: VerifierTarget): boolean {
  return typeof target === 'string';
}

function* numbered(jobs: Iterable<Job>): Generator<readonly [number, Job]> {
  let position = 0;
  for (const job of jobs) yield [position++, job];
}

function positive(name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`VerifierPool: ${name} must be a positive number, got ${value}; give one or leave it out`);
}

function niceness(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 19) return value;
  throw new RangeError(`VerifierPool: niceness must be a whole number from 0 to 19, got ${value}`);
}

function share(value: number): number {
  if (value > 0 && value <= 1) return value;
  throw new RangeError(`VerifierPool: overdueShare must be above 0 and at most 1, got ${value}`);
}
