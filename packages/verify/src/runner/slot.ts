import { Worker } from 'node:worker_threads';
import { JobClock, phases, type ClockReading } from './clock.js';
import type { Job, VerifierTarget } from './job.js';
import type { FromWorker, NumberedJob, ToWorker, WorkerSetup } from './worker.js';
import { crashed, timeout, type Verdict } from '../verdict.js';

/** A job on its way through the pool. */
export interface Ticket {
  readonly id: number;
  readonly job: Job;
  readonly deadlineMs: number;
  /** Milliseconds that it will probably run. */
  readonly expectedMs: number;
  readonly settle: (verdict: Verdict) => void;
}

export interface SlotOptions {
  readonly loadMs: number;
  readonly memoryMb: number;
  /** How far the thread steps back for others: see `WorkerSetup`. */
  readonly niceness: number;
  readonly preload: readonly VerifierTarget[];
}

/** What a slot tells its pool. */
export interface SlotEvents {
  /** The slot has room for another job. */
  readonly room: () => void;
  /** Jobs that were not begun here and are for another slot. */
  readonly returned: (tickets: readonly Ticket[]) => void;
  /** The worker has ended; the slot runs nothing more. */
  readonly dead: (slot: WorkerSlot) => void;
}

const WORKER = new URL('../../dist/runner/worker.js', import.meta.url);

/**
 * A worker holds jobs for about so many milliseconds: while it judges one, the others are at hand and need no further
 * trip between threads, which would cost more than a quick verdict.
 */
export const AT_HAND_MS = 2;

/** Once a job has run so long, those that wait behind it go to other workers. */
const SLOW_MS = 4;

/** One worker thread, the jobs it holds, and the timer that ends it when one of them is overdue. */
export class WorkerSlot {
  private readonly worker: Worker;
  private readonly clock = new JobClock();
  /** Jobs sent and not yet settled by their number, in the order in which they are judged. */
  private readonly held = new Map<number, Ticket>();
  private readonly outbox: NumberedJob[] = [];
  private sent = 0;
  private timer: NodeJS.Timeout | undefined;
  private timerDue = Infinity;
  private busySince = 0;
  private slow = false;
  private alive = true;
  /** True once the worker has loaded what it preloads; a slot that dies before that must not be replaced for ever. */
  ready = false;

  constructor(
    private readonly options: SlotOptions,
    private readonly events: SlotEvents,
  ) {
    const { memoryMb, niceness, preload } = options;
    this.worker = new Worker(WORKER, {
      workerData: { clock: this.clock.buffer, niceness, preload } satisfies WorkerSetup,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: Math.max(8, memoryMb / 4) },
    });
    this.worker.on('message', (message: FromWorker) => this.receive(message));
    this.worker.on('error', (error: Error & { code?: string }) => this.fail(failureReason(error), error.message));
    this.worker.on('exit', (code) => this.fail('worker-exited', `the worker ended itself with code ${code}`));
    // An idle pool must not keep the process alive, a job under way does; last, because listening refs the port.
    this.worker.unref();
  }

  /** Jobs it holds. */
  get load(): number {
    return this.held.size;
  }

  /** Milliseconds of work that it still takes; 0 when it takes none. Who waits behind a slow job waits for it. */
  get roomMs(): number {
    if (!this.alive || this.slow) return 0;
    if (this.held.size === 0) return Infinity;
    let left = AT_HAND_MS;
    for (const { expectedMs } of this.held.values()) left -= expectedMs;
    return Math.max(0, left);
  }

  /** Whether it holds a job of which this is true. */
  holds(matches: (ticket: Ticket) => boolean): boolean {
    for (const ticket of this.held.values()) if (matches(ticket)) return true;
    return false;
  }

  /** Hands over a job. One whose data cannot be cloned is settled as `crashed`. */
  send(ticket: Ticket): void {
    this.sent += 1;
    this.held.set(this.sent, ticket);
    // Jobs handed over in one turn of the event loop make one message: waking a thread costs more than a verdict.
    if (this.outbox.push({ number: this.sent, job: ticket.job }) === 1) queueMicrotask(() => this.flush());
    if (this.held.size === 1) {
      this.busySince = performance.now();
      this.worker.ref();
      this.watch(ticket.deadlineMs);
    } else {
      this.watch(SLOW_MS);
    }
  }

  private flush(): void {
    const jobs = this.outbox.splice(0);
    if (!this.alive || this.post(jobs) === null) return;
    for (const each of jobs) {
      const thrown = this.post([each]);
      if (thrown === null) continue;
      // The number is used up all the same: the worker expects them without a gap.
      this.post([{ number: each.number, job: null }]);
      const ticket = this.held.get(each.number);
      if (ticket === undefined) continue;
      this.held.delete(each.number);
      ticket.settle(crashed('not-cloneable', { feedback: thrown.message }));
      this.rest();
    }
  }

  /** The error for data that cannot cross threads, else null. */
  private post(jobs: readonly NumberedJob[]): Error | null {
    try {
      this.worker.postMessage({ jobs } satisfies ToWorker);
      return null;
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }

  /** Lets the worker load a verifier ahead of its first job. */
  warm(target: VerifierTarget): void {
    this.worker.postMessage({ warm: target } satisfies ToWorker);
  }

  /** Takes back every job that was not begun. */
  takeBack(): Ticket[] {
    const begun = this.clock.takeBack(this.sent);
    const waiting = [...this.held].filter(([number]) => number > begun);
    for (const [number] of waiting) this.held.delete(number);
    return waiting.map(([, ticket]) => ticket);
  }

  /** Forgets a job that nobody waits for any more. */
  drop(id: number): void {
    for (const [number, ticket] of this.held) if (ticket.id === id) this.held.delete(number);
  }

  /** Takes back every job, begun or not; only for a slot that is about to be ended. */
  release(): Ticket[] {
    const tickets = [...this.held.values()];
    this.held.clear();
    return tickets;
  }

  /** Ends the worker and, with it, what it runs; the jobs it holds go back. Resolves when the thread is gone. */
  async kill(): Promise<void> {
    if (!this.alive) return;
    this.alive = false;
    clearTimeout(this.timer);
    this.events.returned(this.release());
    const ended = this.worker.terminate();
    this.events.dead(this);
    await ended;
  }

  private receive(message: FromWorker): void {
    if (!this.alive) return;
    if ('ready' in message) {
      this.ready = true;
      return;
    }
    this.slow = false;
    for (const { number, verdict } of message.verdicts) {
      const ticket = this.held.get(number);
      this.held.delete(number);
      ticket?.settle(verdict);
    }
    this.rest();
  }

  /** Some jobs are settled: there is room for others, and without any there is nothing to watch. */
  private rest(): void {
    if (this.held.size === 0) {
      clearTimeout(this.timer);
      this.timerDue = Infinity;
      this.worker.unref();
    }
    this.events.room();
  }

  /** Looks after `delayMs` at the latest, once messages that are already here have been received. */
  private watch(delayMs: number): void {
    const due = performance.now() + delayMs;
    if (due >= this.timerDue) return;
    clearTimeout(this.timer);
    this.timerDue = due;
    this.timer = setTimeout(() => setImmediate(() => this.inspect()), Math.max(1, Math.ceil(delayMs)));
  }

  private inspect(): void {
    this.timerDue = Infinity;
    if (!this.alive || this.held.size === 0) return;
    const reading = this.readClock();
    const running = reading.phase === phases.running;
    const current = this.held.get(reading.job);
    const limitMs = running ? (current?.deadlineMs ?? Infinity) : this.options.loadMs;
    if (reading.elapsedMs >= limitMs) {
      this.end(reading, limitMs);
      return;
    }
    if (running && reading.elapsedMs >= SLOW_MS) {
      this.slow = true;
      this.events.returned(this.takeBack());
    }
    // Where nothing runs yet a job may begin at any moment, so look again after one deadline.
    const shortest = Math.min(...[...this.held.values()].map(({ deadlineMs }) => deadlineMs));
    const next = running ? limitMs - reading.elapsedMs : shortest;
    this.watch(this.held.size > 1 ? Math.min(next, SLOW_MS) : next);
  }

  /** The clock's reading; a worker that has not begun anything yet waits for no longer than it has had a job. */
  private readClock(): ClockReading {
    const reading = this.clock.read();
    if (reading.phase === phases.running || reading.phase === phases.loading) return reading;
    return { ...reading, elapsedMs: Math.min(reading.elapsedMs, performance.now() - this.busySince) };
  }

  /** Ends the worker for a job that is overdue. */
  private end({ phase, elapsedMs, job }: ClockReading, limitMs: number): void {
    const running = phase === phases.running;
    // A worker that never begins is stuck in loading something: the first job in line stands for it.
    const [first] = this.held.keys();
    const number = this.held.has(job) ? job : first;
    const culprit = number === undefined ? undefined : this.held.get(number);
    if (number !== undefined) this.held.delete(number);
    const feedback = running
      ? `stopped after its limit of ${limitMs} ms`
      : `the verifier did not load in ${limitMs} ms`;
    const verdict = timeout(limitMs, { feedback, elapsedMs });
    // Settled first: what is learnt from it decides which job the next worker gets.
    culprit?.settle(running ? verdict : { ...verdict, reason: 'load-deadline' });
    void this.kill();
  }

  /** The worker died by itself: the job it was at is to blame, or the first in line when it had begun none. */
  private fail(reason: string, feedback: string): void {
    if (!this.alive) return;
    const { job, elapsedMs } = this.readClock();
    const [first] = this.held.keys();
    const number = this.held.has(job) ? job : first;
    const culprit = number === undefined ? undefined : this.held.get(number);
    if (number !== undefined) this.held.delete(number);
    culprit?.settle(crashed(reason, { feedback, elapsedMs }));
    void this.kill();
  }
}

function failureReason(error: { code?: string }): string {
  return error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'worker-failed';
}
