/**
 * A pool of worker threads with a hard deadline: the only way in JavaScript to stop a computation that does not stop
 * by itself. An overdue worker is terminated, the job is `timeout`, and a warm spare takes the next job at once.
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
import { availableParallelism } from 'node:os';
import { PoolClosedError, QueueFullError } from './errors.js';
import type { Job, Runner, VerifierTarget } from './job.js';
import { WorkerSlot, type Ticket } from './slot.js';
import { crashed, type Verdict } from '../verdict.js';

export interface PoolOptions {
  /** Threads that judge; default: one less than the machine's cores, at least 1. */
  readonly workers?: number;
  /** Warm threads that wait to replace a killed one; default 1. */
  readonly spares?: number;
  /** Milliseconds a job may run; default 1000. */
  readonly deadlineMs?: number;
  /** Milliseconds a worker may take to start or to load a verifier; default 10000. */
  readonly loadMs?: number;
  /** Jobs that may wait; one more is refused with a `QueueFullError`. Default 10000. */
  readonly queueLimit?: number;
  /** V8 heap of a worker in MiB; default 256. */
  readonly memoryMb?: number;
  /** Verifiers loaded and warmed in every worker before its first job. */
  readonly preload?: readonly VerifierTarget[];
}

/** What a pool is doing: jobs waiting and running, workers killed or lost since it was made. */
export interface PoolState {
  readonly waiting: number;
  readonly running: number;
  readonly workers: number;
  readonly replaced: number;
}

/** A worker that cannot even start is replaced this many times in a row before its jobs are given up. */
const START_ATTEMPTS = 3;

/** Distinct verifiers that spares load ahead; beyond these, a replacement loads on first use. */
const MAX_LEARNT = 32;

export class VerifierPool implements Runner {
  private readonly options: Required<PoolOptions>;
  private readonly slots = new Set<WorkerSlot>();
  private spares: WorkerSlot[] = [];
  private queue: Ticket[] = [];
  private readonly learnt = new Map<string, VerifierTarget>();
  private nextId = 1;
  private replaced = 0;
  private startFailures = 0;
  private closed = false;

  constructor(options: PoolOptions = {}) {
    this.options = {
      workers: positive('workers', options.workers ?? Math.max(1, availableParallelism() - 1)),
      spares: options.spares ?? 1,
      deadlineMs: positive('deadlineMs', options.deadlineMs ?? 1000),
      loadMs: positive('loadMs', options.loadMs ?? 10_000),
      queueLimit: positive('queueLimit', options.queueLimit ?? 10_000),
      memoryMb: positive('memoryMb', options.memoryMb ?? 256),
      preload: options.preload ?? [],
    };
    for (let i = 0; i < this.options.workers; i++) this.slots.add(this.spawn());
    this.refillSpares();
  }

  get state(): PoolState {
    const running = [...this.slots].filter((slot) => slot.busy).length;
    return { waiting: this.queue.length, running, workers: this.slots.size, replaced: this.replaced };
  }

  /**
   * Judges one job. Rejects with `QueueFullError`, `PoolClosedError`, or the signal's reason; a response or verifier
   * that fails resolves with a verdict that says so.
   */
  run(job: Job, signal?: AbortSignal): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw new PoolClosedError();
      signal?.throwIfAborted();
      if (this.queue.length >= this.options.queueLimit) throw new QueueFullError(this.options.queueLimit);
      const deadlineMs = positive('deadlineMs', job.deadlineMs ?? this.options.deadlineMs);
      const id = this.nextId++;
      const abort = (): void => {
        this.cancel(id);
        reject(signal?.reason as Error);
      };
      const settle = (verdict: Verdict): void => {
        signal?.removeEventListener('abort', abort);
        if (verdict.outcome === 'correct' || verdict.outcome === 'incorrect') this.learn(job.verifier);
        resolve(verdict);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.queue.push({ id, job, deadlineMs, settle });
      this.dispatch();
    });
  }

  /**
   * Judges many jobs and returns verdicts in their order. At most `concurrency` of them are in the pool at a time
   * (default: four a worker), so that one long list leaves room for other callers.
   */
  async runAll(
    jobs: Iterable<Job>,
    { signal, concurrency = this.options.workers * 4 }: { signal?: AbortSignal; concurrency?: number } = {},
  ): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    // One generator shared by all lanes: each takes the next job, and a failure in one closes it for the others.
    const source = numbered(jobs);
    const feed = async (): Promise<void> => {
      for (const [position, job] of source) verdicts[position] = await this.run(job, signal);
    };
    const lanes = Math.min(this.options.queueLimit, positive('concurrency', concurrency));
    await Promise.all(Array.from({ length: lanes }, feed));
    return verdicts;
  }

  /** Ends every worker. Jobs that were waiting or running are `crashed` with the reason `pool-closed`. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const held = [...this.slots].map((slot) => slot.release());
    for (const ticket of [...held, ...this.queue]) ticket?.settle(crashed('pool-closed'));
    this.queue = [];
    await Promise.all([...this.slots, ...this.spares].map((slot) => slot.kill()));
  }

  /** Spares load what has judged well before, so that a replacement starts with its modules in place. */
  private learn(target: VerifierTarget): void {
    const key = typeof target === 'string' ? target : `${target.module}#${target.export}`;
    if (this.learnt.has(key) || this.learnt.size >= MAX_LEARNT) return;
    this.learnt.set(key, target);
    for (const spare of this.spares) spare.warm(target);
  }

  private spawn(): WorkerSlot {
    const { loadMs, memoryMb } = this.options;
    const preload = [...this.options.preload, ...this.learnt.values()];
    return new WorkerSlot(
      { loadMs, memoryMb, preload },
      { idle: () => this.dispatch(), dead: (slot) => this.replace(slot) },
    );
  }

  private refillSpares(): void {
    while (!this.closed && this.spares.length < this.options.spares) this.spares.push(this.spawn());
  }

  /** The queue moves on at once on a warm spare; the spare's own successor starts afterwards. */
  private replace(slot: WorkerSlot): void {
    const worked = this.slots.delete(slot);
    this.spares = this.spares.filter((spare) => spare !== slot);
    if (this.closed) return;
    this.replaced++;
    this.startFailures = slot.ready ? 0 : this.startFailures + 1;
    if (this.startFailures >= START_ATTEMPTS) {
      this.abandon();
      return;
    }
    if (worked) this.slots.add(this.spares.shift() ?? this.spawn());
    this.dispatch();
    setImmediate(() => this.refillSpares());
  }

  private dispatch(): void {
    for (const slot of this.slots) {
      if (this.queue.length === 0) return;
      const ticket = slot.busy ? undefined : this.queue.shift();
      if (ticket !== undefined) slot.assign(ticket);
    }
    if (this.slots.size === 0) this.abandon();
  }

  private cancel(id: number): void {
    this.queue = this.queue.filter((ticket) => ticket.id !== id);
    for (const slot of this.slots) if (slot.holds === id) void slot.kill();
  }

  /** Workers do not start (memory limit too small, missing build): every job says so instead of waiting for ever. */
  private abandon(): void {
    const tickets = this.queue;
    this.queue = [];
    for (const slot of this.slots) if (!slot.ready) this.slots.delete(slot);
    const feedback = 'workers end before they are ready; check memoryMb, preload and that the package is built';
    for (const ticket of tickets) ticket.settle(crashed('worker-did-not-start', { feedback }));
  }
}

function* numbered(jobs: Iterable<Job>): Generator<readonly [number, Job]> {
  let position = 0;
  for (const job of jobs) yield [position++, job];
}

function positive(name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`VerifierPool: ${name} must be a positive number, got ${value}; give one or leave it out`);
}
