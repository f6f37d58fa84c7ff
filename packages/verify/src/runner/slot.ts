import { Worker } from 'node:worker_threads';
import { JobClock, phases } from './clock.js';
import type { Job, VerifierTarget } from './job.js';
import type { FromWorker, ToWorker, WorkerSetup } from './worker.js';
import { crashed, timeout, type Verdict } from '../verdict.js';

/** A job on its way through the pool. */
export interface Ticket {
  readonly id: number;
  readonly job: Job;
  readonly deadlineMs: number;
  readonly settle: (verdict: Verdict) => void;
}

export interface SlotOptions {
  readonly loadMs: number;
  readonly memoryMb: number;
  readonly preload: readonly VerifierTarget[];
}

/** What a slot tells its pool. A dead slot runs nothing more; the job it held has been settled. */
export interface SlotEvents {
  readonly idle: (slot: WorkerSlot) => void;
  readonly dead: (slot: WorkerSlot) => void;
}

const WORKER = new URL('../../dist/runner/worker.js', import.meta.url);

/** One worker thread, the job it holds, and the timer that ends both. */
export class WorkerSlot {
  private readonly worker: Worker;
  private readonly clock = new JobClock();
  private ticket: Ticket | null = null;
  private timer: NodeJS.Timeout | undefined;
  private alive = true;
  /** True once the worker has loaded what it preloads; a slot that dies before that must not be replaced at once. */
  ready = false;

  constructor(
    private readonly options: SlotOptions,
    private readonly events: SlotEvents,
  ) {
    const { memoryMb, preload } = options;
    this.worker = new Worker(WORKER, {
      workerData: { clock: this.clock.buffer, preload } satisfies WorkerSetup,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: Math.max(8, memoryMb / 4) },
    });
    this.worker.on('message', (message: FromWorker) => this.receive(message));
    this.worker.on('error', (error: Error & { code?: string }) => this.fail(failureReason(error), error.message));
    this.worker.on('exit', (code) => this.fail('worker-exited', `the worker ended itself with code ${code}`));
    // An idle pool must not keep the process alive, a job under way does; last, because listening refs the port.
    this.worker.unref();
  }

  get busy(): boolean {
    return this.ticket !== null;
  }

  /** The id of the job this slot holds, or null. */
  get holds(): number | null {
    return this.ticket?.id ?? null;
  }

  /** Hands a job to an idle slot. A job whose data cannot be cloned is settled as `crashed`. */
  assign(ticket: Ticket): void {
    this.ticket = ticket;
    try {
      this.worker.postMessage({ id: ticket.id, job: ticket.job } satisfies ToWorker);
    } catch (thrown) {
      this.finish(crashed('not-cloneable', { feedback: thrown instanceof Error ? thrown.message : '' }));
      return;
    }
    this.worker.ref();
    this.watch(ticket, ticket.deadlineMs);
  }

  /** Lets an idle slot load a verifier ahead of its first job. */
  warm(target: VerifierTarget): void {
    this.worker.postMessage({ warm: target } satisfies ToWorker);
  }

  /** Takes the job back unsettled. */
  release(): Ticket | null {
    const ticket = this.ticket;
    this.ticket = null;
    return ticket;
  }

  /** Ends the worker and, with it, whatever it runs. Settles nothing; resolves when the thread is gone. */
  async kill(): Promise<void> {
    if (!this.alive) return;
    this.alive = false;
    clearTimeout(this.timer);
    this.ticket = null;
    const ended = this.worker.terminate();
    this.events.dead(this);
    await ended;
  }

  private receive(message: FromWorker): void {
    if (!this.alive) return;
    if ('ready' in message) this.ready = true;
    else if (message.id === this.ticket?.id) this.finish(message.verdict);
  }

  private finish(verdict: Verdict): void {
    const ticket = this.ticket;
    this.ticket = null;
    clearTimeout(this.timer);
    this.worker.unref();
    ticket?.settle(verdict);
    this.events.idle(this);
  }

  /** Checks after `delayMs`, once messages that are already here have been received, whether the job is overdue. */
  private watch(ticket: Ticket, delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => setImmediate(() => this.inspect(ticket)), Math.max(1, Math.ceil(delayMs)));
  }

  private inspect(ticket: Ticket): void {
    if (!this.alive || this.ticket !== ticket) return;
    const { phase, elapsedMs } = this.clock.read();
    const running = phase === phases.running;
    const limitMs = running ? ticket.deadlineMs : this.options.loadMs;
    if (elapsedMs < limitMs) {
      // Not yet running: it may begin at any moment, so look again after one deadline at the latest.
      this.watch(ticket, Math.min(limitMs - elapsedMs, ticket.deadlineMs));
      return;
    }
    const feedback = running
      ? `stopped after its limit of ${limitMs} ms`
      : `the verifier did not load in ${limitMs} ms`;
    const reason = running ? 'deadline' : 'load-deadline';
    void this.kill();
    ticket.settle({ ...timeout(limitMs, { feedback, elapsedMs }), reason });
  }

  private fail(reason: string, feedback: string): void {
    if (!this.alive) return;
    const ticket = this.ticket;
    const { elapsedMs } = this.clock.read();
    void this.kill();
    ticket?.settle(crashed(reason, { feedback, elapsedMs }));
  }
}

function failureReason(error: { code?: string }): string {
  return error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'worker-failed';
}
