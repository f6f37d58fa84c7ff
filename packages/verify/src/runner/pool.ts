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
  /** Jobs that may wait beside one for each worker; one more is refused with a `QueueFullError`. Default 10000. */
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

/** For so long after a timeout, the jobs of its verifier are kept from taking every worker. */
const CAUTION_MS = 60_000;

export class VerifierPool implements Runner {
  private readonly options: Required<PoolOptions>;
  private readonly slots = new Set<WorkerSlot>();
  private spares: WorkerSlot[] = [];
  private queue: Ticket[] = [];
  private readonly learnt = new Map<string, VerifierTarget>();
  private readonly overdue = new Map<string, number>();
  private nextId = 1;
  /** Jobs that are neither settled nor given up by their caller. */
  private pending = 0;
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
    const running = [...this.slots].filter((slot) => slot.load > 0).length;
    return { waiting: this.pending - running, running, workers: this.slots.size, replaced: this.replaced };
  }

  /**
   * Judges one job. Rejects with `QueueFullError`, `PoolClosedError`, or the signal's reason; a response or verifier
   * that fails resolves with a verdict that says so.
   */
  run(job: Job, signal?: AbortSignal): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw new PoolClosedError();
      signal?.throwIfAborted();
      const { queueLimit, workers } = this.options;
      if (this.pending >= queueLimit + workers) throw new QueueFullError(queueLimit);
      const deadlineMs = positive('deadlineMs', job.deadlineMs ?? this.options.deadlineMs);
      const id = this.nextId++;
      const abort = (): void => {
        this.pending--;
        this.cancel(id);
        reject(signal?.reason as Error);
      };
      const settle = (verdict: Verdict): void => {
        signal?.removeEventListener('abort', abort);
        this.pending--;
        this.learn(job.verifier, verdict);
        resolve(verdict);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.pending++;
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
    const held = [...this.slots].flatMap((slot) => slot.release());
    for (const ticket of [...held, ...this.queue]) ticket.settle(crashed('pool-closed'));
    this.queue = [];
    await Promise.all([...this.slots, ...this.spares].map((slot) => slot.kill()));
  }

  /**
   * What a verdict says about its verifier: spares load what has judged well, so that a replacement starts with its
   * modules in place; what ran out of time may not take every worker at once for a while.
   */
  private learn(target: VerifierTarget, { outcome }: Verdict): void {
    const key = keyOf(target);
    if (outcome === 'timeout') this.overdue.set(key, performance.now() + CAUTION_MS);
    if (outcome !== 'correct' && outcome !== 'incorrect') return;
    if (this.learnt.has(key) || this.learnt.size >= MAX_LEARNT) return;
    this.learnt.set(key, target);
    for (const spare of this.spares) spare.warm(target);
  }

  private readonly isSuspect = ({ job }: Ticket): boolean => {
    const until = this.overdue.size === 0 ? undefined : this.overdue.get(keyOf(job.verifier));
    return until !== undefined && performance.now() < until;
  };

  private spawn(): WorkerSlot {
    const { loadMs, memoryMb } = this.options;
    const preload = [...this.options.preload, ...this.learnt.values()];
    return new WorkerSlot(
      { loadMs, memoryMb, preload },
      {
        room: () => this.dispatch(),
        returned: (tickets) => this.takeBack(tickets),
        dead: (slot) => this.replace(slot),
      },
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

  /** Jobs that come back from a worker were first in line before, and are so again. */
  private takeBack(tickets: readonly Ticket[]): void {
    this.queue.unshift(...tickets);
    this.dispatch();
  }

  private dispatch(): void {
    if (this.slots.size === 0) this.abandon();
    while (this.queue.length > 0 && !this.closed) {
      const slot = this.leastLoaded();
      const next = slot === null ? -1 : this.nextFor(slot);
      const [ticket] = next < 0 ? [] : this.queue.splice(next, 1);
      if (ticket === undefined) return;
      slot?.send(ticket);
    }
  }

  private leastLoaded(): WorkerSlot | null {
    let found: WorkerSlot | null = null;
    for (const slot of this.slots) if (slot.hasRoom && (found === null || slot.load < found.load)) found = slot;
    return found;
  }

  /**
   * The place in the queue of the next job for a slot, or -1. Jobs of a suspect verifier wait for an idle worker, and
   * one worker stays free of them where there is more than one.
   */
  private nextFor(slot: WorkerSlot): number {
    const [first] = this.queue;
    if (first === undefined || !this.isSuspect(first)) return first === undefined ? -1 : 0;
    const taken = [...this.slots].filter((each) => each.holds(this.isSuspect)).length;
    if (slot.load === 0 && taken < Math.max(1, this.options.workers - 1)) return 0;
    return this.queue.findIndex((ticket) => !this.isSuspect(ticket));
  }

  private cancel(id: number): void {
    this.queue = this.queue.filter((ticket) => ticket.id !== id);
    for (const slot of this.slots) {
      if (!slot.holds((ticket) => ticket.id === id)) continue;
      this.takeBack(slot.takeBack().filter((ticket) => ticket.id !== id));
      if (!slot.holds((ticket) => ticket.id === id)) continue;
      slot.drop(id);
      void slot.kill();
    }
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

function keyOf(target: VerifierTarget): string {
  return typeof target === 'string' ? target : `${target.module}#${target.export}`;
}

function* numbered(jobs: Iterable<Job>): Generator<readonly [number, Job]> {
  let position = 0;
  for (const job of jobs) yield [position++, job];
}

function positive(name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`VerifierPool: ${name} must be a positive number, got ${value}; give one or leave it out`);
}
